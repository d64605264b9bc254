# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate in a repository whose combined bias was written by afw, which is not installed here."""

import importlib.util
import sqlite3

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time
from lsst.daf.butler import (
    Butler,
    CollectionType,
    DatasetRef,
    DatasetType,
    FileDataset,
    Timespan,
)

from lsst.ts.dailycal.butler.port import ButlerRepository
from lsst.ts.dailycal.butler.repository import create_repository
from lsst.ts.dailycal.calibration import OnDifference, compare_calibrations
from lsst.ts.dailycal.model import ComparisonVerdict, ImageName, ImageType
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.combine import combine_bias
from lsst.ts.dailycal.pipelines.fits_image import write_image
from lsst.ts.dailycal.pipelines.formatters import CalibImageFormatter
from lsst.ts.dailycal.pipelines.image import Mask
from lsst.ts.dailycal.pipelines.raw.frame import RawFrame
from lsst.ts.dailycal.sim.detector import FrameRequest, SimulatedDetector
from lsst.ts.dailycal.sim.frame_effects import FrameEffect

GEOMETRY = LATISS.resized(96, 96)
FRAMES = 10
AFW_FORMATTER = "lsst.obs.base.formatters.fitsExposure.FitsExposureFormatter"
AFW_PLANES = {"BAD": 0, "SAT": 1, "INTRP": 2, "CR": 3, "EDGE": 4, "NO_DATA": 8}
CALIB, OLD_RUN = "LATISS/calib/DM-1", "LATISS/calib/DM-1/biasGen/run"
NIGHT, VALID = "2026-11-25T12:00:00", Timespan(Time("2024-01-01", scale="tai"), None)
GLOW = FrameEffect("glow", (("strength", 50.0),))
LATE = FrameEffect("readout_shifted", (("columns", 1.0),))


def make_bias(day, *effects):
    """Combine frames of the simulated detector."""
    detector = SimulatedDetector(3, GEOMETRY, 0.02, 0.05)
    frames = []
    for number in range(1, FRAMES + 1):
        name = ImageName(day, number)
        pixels = detector.read(FrameRequest(name, 0.0, 0.02, effects=effects)).pixels
        frames.append(
            RawFrame.from_arrays(pixels, GEOMETRY, exposure=name.exposure_id, image_type="BIAS")
        )
    return combine_bias(frames)


def write_as_afw(path, image):
    """Write the FITS form of an ExposureF: compressed planes, their bits by name, an archive."""
    mask = np.zeros(image.mask.shape, np.int32)
    mask[(image.mask & Mask.BAD.value) != 0] |= 1 << AFW_PLANES["BAD"]
    primary = fits.PrimaryHDU()
    primary.header["INSTRUME"], primary.header["AR_HDU"] = "LATISS", 5
    for number, exposure in enumerate(image.inputs):
        primary.header[f"HIERARCH CPP_INPUT_{number}"] = exposure
        primary.header[f"HIERARCH CPP_INPUT_SCALE_{number}"] = 1.0
    how = {"compression_type": "GZIP_2", "quantize_level": 0.0}
    planes = [
        fits.CompImageHDU(image.pixels, name="IMAGE", **how),
        fits.CompImageHDU(mask, name="MASK", compression_type="GZIP_2"),
        fits.CompImageHDU(image.variance, name="VARIANCE", **how),
    ]
    for plane in planes:
        plane.header["EXTTYPE"] = plane.name
        plane.header["LTV1"], plane.header["LTV2"] = 0, 0
    for name, bit in AFW_PLANES.items():
        planes[1].header[f"HIERARCH MP_{name}"] = bit
    archive = fits.BinTableHDU.from_columns(
        [fits.Column("cat.archive", "J", array=np.arange(4))], name="ARCHIVE_INDEX"
    )
    fits.HDUList([primary, *planes, archive]).writeto(path)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository whose bias is an ExposureF, one of them certified."""
    root = tmp_path_factory.mktemp("observatory")
    create_repository(root / "repo")
    with Butler.from_config(str(root / "repo"), writeable=True) as butler:
        butler.registry.removeDatasetType("bias")
        kind = DatasetType(
            "bias",
            butler.dimensions.conform(("instrument", "detector")),
            "ExposureF",
            isCalibration=True,
        )
        butler.registry.registerDatasetType(kind)
        write_as_afw(root / "old.fits", make_bias(20261118))
        old = ingest(butler, root / "old.fits", OLD_RUN)
        butler.collections.register(CALIB, CollectionType.CALIBRATION)
        butler.registry.certify(CALIB, [old], VALID)
        for name, effects in {"healthy": (), "glow": (GLOW,), "late": (LATE,)}.items():
            bias = make_bias(20261125, *effects)
            write_as_afw(root / f"{name}.fits", bias)
            ingest(butler, root / f"{name}.fits", f"u/ocps/{name}/run")
            write_image(root / f"own {name}.fits", bias)
            ingest(butler, root / f"own {name}.fits", f"u/ocps/own-{name}/run")
    # As they are recorded where afw is: nobody may need this class to read the file.
    with sqlite3.connect(root / "repo" / "gen3.sqlite3") as database:
        database.execute("UPDATE file_datastore_records SET formatter = ?", (AFW_FORMATTER,))
    database.close()
    return ButlerRepository(str(root / "repo"))


def ingest(butler, path, run):
    butler.collections.register(run)
    where = butler.registry.expandDataId(instrument="LATISS", detector=0)
    reference = DatasetRef(butler.get_dataset_type("bias"), where, run=run)
    butler.ingest(FileDataset(str(path), reference, formatter=CalibImageFormatter), transfer="copy")
    return reference


@pytest.mark.parametrize("writer", ["", "own-"])
@pytest.mark.parametrize(
    ("name", "verdict", "said"),
    [
        ("healthy", ComparisonVerdict.SAME, ""),
        ("glow", ComparisonVerdict.WORSE, "level of "),
        ("late", ComparisonVerdict.WORSE, "pixels come 1 column too late in their rows"),
    ],
)
async def test_a_bias_written_by_afw_is_compared_as_ours_is(
    repository, writer, name, verdict, said
):
    assert importlib.util.find_spec("lsst.afw") is None, "the file would be read by afw"
    own = f"u/ocps/{writer}{name}/run"
    new = await repository.read_calibration([own], "bias", NIGHT, 60.0)
    old = await repository.read_calibration([CALIB], "bias", NIGHT, 60.0, but_not=own)
    assert (new.run, old.run) == (own, OLD_RUN)
    assert new.exposures == old.exposures == FRAMES
    found = compare_calibrations(ImageType.BIAS, new, old, OnDifference.REFUSE)
    assert (found.verdict, found.accepted) == (verdict, verdict is ComparisonVerdict.SAME)
    assert said in "; ".join(found.differences)
