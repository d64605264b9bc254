# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Few numbers that say what a combined calibration is like, from its pixels or its file.

The file is one of ours or the FITS form of an ``ExposureF`` of afw: image HDUs named IMAGE, MASK
and VARIANCE, with the bits of the mask in header keys that begin with ``MP_``.
"""

from __future__ import annotations

import dataclasses
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..model import SETUP_KEYS, AmplifierFacts, CalibrationFacts, LeftOut
from ..model.detector import LATISS
from ..model.measurement import MEASURED_COLUMNS
from .provenance import read_left_out, read_masked, read_notes
from .raw.frame import oriented
from .statistics import median_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_PATCHES = 4
_MAD_TO_SIGMA = 1.4826
_HOT_RATE = 5.0  # electron/s
_STANDS_OUT = 8.0  # noises
_COLUMNS, _ROWS = 8, 2
_INPUT = re.compile(r"(CPP_|CALIB_)?INPUT_?\d+$")
_DARK_UNITS = ("electron/s", "electron s-1", "electron / s")


def measure_calibration(
    dataset_type: str,
    run: str,
    pixels: NDArray[np.float32],
    bad: NDArray[np.bool_],
    *,
    unit: str = "electron",
    exposures: int | None = None,
    weight: float | None = None,
    setup: tuple[tuple[str, str], ...] = (),
    masked: tuple[str, ...] = (),
    left_out: tuple[LeftOut, ...] = (),
    notes: tuple[str, ...] = (),
) -> CalibrationFacts:
    """Measure a combined calibration of LATISS.

    Parameters
    ----------
    dataset_type : `str`
        bias or dark.
    run : `str`
        RUN collection that holds it.
    pixels : `numpy.ndarray`, (height, width)
        The assembled image.
    bad : `numpy.ndarray`, (height, width)
        Which pixels are marked BAD.
    unit : `str`
        Unit of the pixels.
    exposures : `int` or `None`
        How many exposures it is made of.
    weight : `float` or `None`
        Sum of the squares of what their signals were divided by.
    setup : `tuple` of pairs of `str`
        Keys and values of the header that tell how the detector was read.
    masked : `tuple` of `str`
        Amplifiers that are marked BAD as a whole.
    left_out : `tuple` of `LeftOut`
        Exposures that combination left out.
    notes : `tuple` of `str`
        What else it noted.

    Raises
    ------
    ValueError
        If the image cannot be that of 8 by 2 amplifiers.
    """
    height, width = pixels.shape
    if height % _ROWS or width % _COLUMNS:
        raise ValueError(f"an image of {width} by {height} pixels is not one of LATISS")
    geometry = LATISS.resized(width // _COLUMNS, height // _ROWS)
    return CalibrationFacts(
        dataset_type,
        run,
        unit.strip().lower(),
        exposures,
        tuple(
            _measure(
                amplifier.name,
                oriented(pixels, geometry.detector_section(amplifier)),
                oriented(bad, geometry.detector_section(amplifier)),
                dataset_type == "dark",
            )
            for amplifier in geometry.amplifiers
        ),
        weight,
        setup,
        masked,
        left_out,
        notes,
    )


def _measure(
    name: str, pixels: NDArray[np.float32], bad: NDArray[np.bool_], is_dark: bool
) -> AmplifierFacts:
    patches, errors = [], []
    hot = int(np.count_nonzero(bad))
    differences = np.diff(pixels, axis=1)
    noise = _MAD_TO_SIGMA * float(np.median(np.abs(differences))) / np.sqrt(2.0)
    for part, mask in zip(_cut(pixels), _cut(bad), strict=True):
        middle = float(np.median(part))
        limit = max(_HOT_RATE if is_dark else 0.0, _STANDS_OUT * noise)
        hot += int(np.count_nonzero((np.abs(part - middle) > limit) & ~mask)) if limit else 0
        patches.append(middle)
        errors.append(median_error(part, middle, noise))
    # NaN is a difference of the patches; columns of which nothing is known are none.
    columns = np.median(pixels[:, :MEASURED_COLUMNS], axis=0).tolist()
    return AmplifierFacts(
        name,
        tuple(patches),
        tuple(errors),
        float(noise),
        hot,
        tuple(columns) if np.isfinite(columns).all() else (),
        math.sqrt(math.pi / 2.0 / len(pixels)) * float(noise),
    )


def _cut(plane: NDArray[Any]) -> list[NDArray[Any]]:
    return [
        part
        for rows in np.array_split(plane, _PATCHES, axis=0)
        for part in np.array_split(rows, _PATCHES, axis=1)
    ]


@dataclasses.dataclass(frozen=True, slots=True)
class CalibrationFile:
    """What the FITS file of a combined calibration holds, ours or the form of an ExposureF."""

    pixels: NDArray[np.float32]
    """The assembled image, (height, width), in `unit`."""
    bad: NDArray[np.bool_]
    """Which pixels are marked BAD, (height, width)."""
    unit: str
    """Unit of the pixels."""
    exposures: int | None
    """How many exposures it is made of; `None` if its header does not say."""
    weight: float | None
    """As for `measure_calibration`."""
    setup: tuple[tuple[str, str], ...]
    """As for `measure_calibration`."""
    masked: tuple[str, ...] = ()
    """As for `measure_calibration`."""
    left_out: tuple[LeftOut, ...] = ()
    """As for `measure_calibration`."""
    notes: tuple[str, ...] = ()
    """As for `measure_calibration`."""

    def measure(self, dataset_type: str, run: str) -> CalibrationFacts:
        """Measure it; parameters and errors are those of `measure_calibration`."""
        return measure_calibration(
            dataset_type,
            run,
            self.pixels,
            self.bad,
            unit=self.unit,
            exposures=self.exposures,
            weight=self.weight,
            setup=self.setup,
            masked=self.masked,
            left_out=self.left_out,
            notes=self.notes,
        )


def read_calibration_file(path: str | Path, dataset_type: str) -> CalibrationFile:
    """Read the file of a combined calibration.

    Parameters
    ----------
    path : `str` or `pathlib.Path`
        The file.
    dataset_type : `str`
        bias or dark.

    Raises
    ------
    ValueError
        If there is no image in it.
    OSError
        If it is no FITS file.
    """
    from astropy.io import fits

    with fits.open(path, memmap=False) as hdus:
        images = {hdu.name: hdu for hdu in hdus if getattr(hdu, "is_image", False) and hdu.shape}
        image = images.get("IMAGE") or next(iter(images.values()), None)
        if image is None or len(image.shape) != 2:
            raise ValueError(f"{path} holds no image")
        pixels = np.asarray(image.data, np.float32)
        bad = np.zeros(pixels.shape, np.bool_)
        if "MASK" in images:
            bits = _bad_bits(images["MASK"].header)
            bad = (np.asarray(images["MASK"].data).astype(np.int64) & bits) != 0
        headers = [hdus[0].header, image.header]
        inputs = {key for header in headers for key in header if _INPUT.match(key)}
        scales = {key: h[key] for h in headers for key in h if key.startswith("CPP_INPUT_SCALE_")}
        weight = sum(float(scale) ** 2 for scale in scales.values())
        found = {
            key: str(header[key]).strip()
            for key in SETUP_KEYS
            for header in headers
            if key in header
        }
        masked = next(filter(None, map(read_masked, headers)), ())
        left_out = next(filter(None, map(read_left_out, headers)), ())
        notes = next(filter(None, map(read_notes, headers)), ())
        unit = next((str(h["BUNIT"]) for h in reversed(headers) if "BUNIT" in h), "")
    return CalibrationFile(
        pixels,
        bad,
        _unit(unit, dataset_type),
        len(inputs) or None,
        weight or None,
        tuple(found.items()),
        masked,
        left_out,
        notes,
    )


def read_facts(path: str | Path, dataset_type: str, run: str) -> CalibrationFacts:
    """Read a file and measure the calibration in it.

    Parameters
    ----------
    path : `str` or `pathlib.Path`
        The file.
    dataset_type, run : `str`
        As for `measure_calibration`.

    Raises
    ------
    ValueError
        If there is no image in it, or not one of LATISS.
    OSError
        If it is no FITS file.
    """
    return read_calibration_file(path, dataset_type).measure(dataset_type, run)


def _unit(unit: str, dataset_type: str) -> str:
    """Bring a unit into our words: afw has none or ``electron`` in the header of a dark's rate."""
    if dataset_type == "dark" and unit.strip().lower() in {"", "electron", *_DARK_UNITS}:
        return "electron/s"
    return unit or "electron"


def _bad_bits(header: Mapping[str, int]) -> int:
    number = header.get("MP_BAD")
    return 0 if number is None else 1 << int(number)
