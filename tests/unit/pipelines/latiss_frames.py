# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw files as LATISS has written them since 2018, made of facts in tests/data/latiss."""

import pathlib

import numpy as np
import yaml
from astropy.io import fits

from lsst.ts.dailycal.model.detector import LATISS

DATA = pathlib.Path(__file__).parents[2] / "data" / "latiss"
HEADERS = yaml.safe_load((DATA / "headers.yaml").read_text(encoding="utf-8"))
WIDTH, HEIGHT = 40, 32
GEOMETRY = LATISS.resized(WIDTH, HEIGHT)
HEADER = {
    "INSTRUME": "LATISS",
    "OBSID": "AT_O_20240624_000169",
    "DAYOBS": "20240624",
    "SEQNUM": 169,
    "CONTRLLR": "O",
    "IMGTYPE": "DARK",
    "EXPTIME": 30.0,
    "DARKTIME": 30.0096,
    "DATE-BEG": "2024-06-25T07:10:40.383",
    "DATE-END": "2024-06-25T07:11:10.392",
    "TIMESYS": "TAI",
    "LSST_NUM": "ITL-3800C-068",
    "SEQFILE": "FP_ITL_2s_ir2_v26_no_RG.seq",
    "TEMP_SET": -104.1500015258789,
}
# As the files have them.
ORDER = [f"Segment1{n}" for n in range(8)] + [f"Segment0{n}" for n in reversed(range(8))]


def camera_detsec(name, width=WIDTH, height=HEIGHT):
    """Write DETSEC as the camera does; Segment10 of a whole frame is [509:1,1:2000]."""
    first = int(name[-1]) * width
    rows = f"1:{height}" if name[-2] == "1" else f"{2 * height}:{height + 1}"
    return f"[{first + width}:{first + 1},{rows}]"


def observatory_detsec(name, width=WIDTH, height=HEIGHT):
    """Write DETSEC as the observatory's camera geometry has it."""
    first = int(name[-1]) * width
    rows = f"{2 * height}:{height + 1}" if name[-2] == "1" else f"1:{height}"
    return f"[{first + width}:{first + 1},{rows}]"


def pixels_of(name, seed=1):
    """Make pixels that differ in every place and amplifier."""
    random = np.random.default_rng([seed, int(name[-2:])])
    shape = (GEOMETRY.raw_height, GEOMETRY.raw_width)
    return random.integers(0, 2**18, shape, dtype=np.int32)


def make_hdus(*, header=HEADER, order=ORDER, detsec=camera_detsec, make=fits.ImageHDU):
    """Make the HDUs of a small frame as the camera writes it."""
    primary = fits.PrimaryHDU()
    primary.header.update({key: value for key, value in header.items() if value is not None})
    hdus = fits.HDUList([primary])
    for name in order:
        keys = fits.Header()
        keys["EXTNAME"] = name
        keys["DATASEC"] = f"[4:{WIDTH + 3},1:{HEIGHT}]"
        keys["DETSEC"] = detsec(name)
        keys["DETSIZE"] = f"[1:{8 * WIDTH},1:{2 * HEIGHT}]"
        hdus.append(make(pixels_of(name), keys))
    return hdus
