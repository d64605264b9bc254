# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raw FITS files, as the camera writes them: one per image.

A header, 16 extensions in readout order, and tables of the readout boards. No extension says where
the overscan is, and DETSEC counts rows from the side of Segment10 to Segment17.
"""

__all__ = ["raw_path", "saturate", "write_raw"]

import dataclasses
import errno
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits

from ..model import ImageName
from ..model.detector import Amplifier, DetectorGeometry
from .config import RawFileOptions
from .detector import Frame
from .faults.fault import Fault
from .headers import HeaderCard

_DEAD_AMPLIFIER = 4
_BLOCK = 2880  # bytes
_DEFAULT = RawFileOptions()


def raw_path(directory: Path, name: ImageName, options: RawFileOptions = _DEFAULT) -> Path:
    """Path of the raw file of an image (`~pathlib.Path`)."""
    suffix = ".fits.fz" if options.rice else ".fits"
    return directory / f"{name.day_obs:08d}" / f"{name}-R00S00{suffix}"


def write_raw(
    path: Path,
    frame: Frame,
    header: Sequence[HeaderCard],
    damage: Fault | None = None,
    options: RawFileOptions = _DEFAULT,
) -> None:
    """Write a raw file; it has its name only when it is complete.

    Blocks for about 0.1 s at full size, and 3 s if it is compressed: use a thread.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file. Its directory is made.
    frame : `Frame`
        The pixels.
    header : `~collections.abc.Sequence` [`HeaderCard`]
        The primary header.
    damage : `Fault`, optional
        A fault at ``ingest.file``.
    options : `RawFileOptions`
        How it is written.

    Raises
    ------
    OSError
        If the file cannot be written, as if there is no room for it; then nothing is left of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if damage is not None and damage.name == "file_saturated":
        frame = saturate(frame)
    primary = fits.Header([(card.key, card.value, card.comment) for card in header])
    hdus = fits.HDUList([fits.PrimaryHDU(header=primary)])
    for number, amplifier in enumerate(frame.geometry.amplifiers):
        pixels = frame.pixels[number]
        if damage is not None and damage.name == "file_nan" and number == _DEAD_AMPLIFIER:
            pixels = np.full(pixels.shape, np.nan, np.float32)
        keys = _extension_header(amplifier, frame.geometry)
        hdus.append(
            fits.CompImageHDU(pixels, keys, compression_type="RICE_1")
            if options.rice
            else fits.ImageHDU(pixels, keys)
        )
    if options.tables:
        hdus.extend(_tables())
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        hdus.writeto(temporary, overwrite=True, output_verify="exception")
        if damage is not None:
            _damage(temporary, damage)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def saturate(frame: Frame) -> Frame:
    """Make a frame in which every pixel has the largest value of the converter."""
    pixels = np.full(frame.pixels.shape, frame.geometry.adc_maximum, np.int32)
    return dataclasses.replace(frame, pixels=pixels)


def _extension_header(amplifier: Amplifier, geometry: DetectorGeometry) -> fits.Header:
    return fits.Header(
        [
            ("EXTNAME", amplifier.extname, "amplifier"),
            ("DATASEC", geometry.data_section.fits, "light-sensitive pixels"),
            ("DETSEC", geometry.camera_section(amplifier).fits, "place, from Segment1x on"),
            ("DETSIZE", f"[1:{geometry.width},1:{geometry.height}]", "the whole detector"),
        ]
    )


def _tables() -> Sequence[fits.BinTableHDU]:
    """Make tables as the readout boards' are: rows of names and values."""
    columns = [
        fits.Column("KEY", "16A", array=["REB_TEMP", "CLK_UP", "CLK_LOW"]),
        fits.Column("VALUE", "D", array=[21.5, 2.0, -8.0]),
    ]
    return [
        fits.BinTableHDU.from_columns(columns, name="REB_COND"),
        fits.BinTableHDU.from_columns(columns[:1], name="CONFIG_COND"),
    ]


def _damage(path: Path, damage: Fault) -> None:
    """Do to a complete file what the fault says."""
    size = path.stat().st_size
    if damage.name == "disk_full":
        os.truncate(path, size // 2)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path.parent))
    if damage.name == "file_empty":
        os.truncate(path, 0)
    elif damage.name == "file_short":
        os.truncate(path, int(size * damage.number("fraction")))
    elif damage.name == "file_corrupt":
        # The header of the file, or that of the second extension: pixels alone would only look odd.
        start = 0 if damage.text("where") == "header" else _second_header(path)
        with path.open("r+b") as file:
            file.seek(start)
            file.write(bytes(range(256)) * (_BLOCK // 256))


def _second_header(path: Path) -> int:
    with fits.open(path) as hdus:
        return int(hdus.fileinfo(2)["hdrLoc"])
