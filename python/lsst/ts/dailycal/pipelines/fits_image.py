# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""`CalibImage` as a FITS file: facts in the headers, the planes IMAGE, MASK and VARIANCE.

A mask that is clear and a variance that is not known are not written; a file without them, as
those of earlier versions, is read.
"""

from __future__ import annotations

import datetime
from typing import IO, TYPE_CHECKING

import numpy as np

from ..model.detector import DETECTOR_NAME, INSTRUMENT, Section
from .image import MASK_MEANINGS, CalibImage, ImageAmplifier, Mask
from .provenance import read_provenance, write_provenance

if TYPE_CHECKING:
    from pathlib import Path

    from astropy.io.fits import Header
    from numpy.typing import NDArray

_BLOCK = 2880
_ROWS_AT_ONCE = 64


def write_image(path: Path, image: CalibImage) -> None:
    """Write an image.

    The pixels are written in strips through a small buffer: astropy would first make a
    byte-swapped copy of the whole plane.

    Parameters
    ----------
    path : `pathlib.Path`
        A file that does not exist yet.
    image : `CalibImage`
        What to write.
    """
    from astropy.io import fits

    primary = fits.PrimaryHDU(header=_primary_header(image))
    with path.open("wb") as stream:
        stream.write(primary.header.tostring().encode("ascii"))
        planes: list[tuple[str, NDArray[np.generic], int]] = [("IMAGE", image.pixels, -32)]
        if image.mask.any() or image.variance is not None:
            planes.append(("MASK", image.mask, 8))
        if image.variance is not None:
            planes.append(("VARIANCE", image.variance, -32))
        for name, array, bitpix in planes:
            header = fits.ImageHDU(name=name).header
            header["BITPIX"] = bitpix
            header["NAXIS"] = 2
            header.insert("NAXIS", ("NAXIS1", array.shape[1]), after=True)
            header.insert("NAXIS1", ("NAXIS2", array.shape[0]), after=True)
            if name == "MASK":
                for bit, flag in enumerate(Mask):
                    header[f"HIERARCH MP_{flag.name}"] = (bit, MASK_MEANINGS[flag])
            else:
                header["BUNIT"] = image.unit if name == "IMAGE" else f"({image.unit})**2"
            stream.write(header.tostring().encode("ascii"))
            _write_plane(stream, array)


def _write_plane(stream: IO[bytes], array: NDArray[np.generic]) -> None:
    big_endian = array.dtype.newbyteorder(">")
    buffer = np.empty((_ROWS_AT_ONCE, array.shape[1]), big_endian)
    for y0 in range(0, array.shape[0], _ROWS_AT_ONCE):
        rows = array[y0 : y0 + _ROWS_AT_ONCE]
        buffer[: len(rows)] = rows
        stream.write(buffer[: len(rows)].data.cast("B"))
    stream.write(bytes(-array.nbytes % _BLOCK))


def _primary_header(image: CalibImage) -> Header:
    from astropy.io import fits

    header = fits.Header()
    header["INSTRUME"] = INSTRUMENT
    header["DETECTOR"] = DETECTOR_NAME
    header["IMGTYPE"] = (image.kind.upper(), "BIAS and DARK: combined, or the exposure's type")
    header["DARKTIME"] = (image.dark_time, "[s] 0 for a combined bias, 1 for a dark")
    now = datetime.datetime.now(datetime.UTC)
    header["HIERARCH CALIB_CREATION_DATE"] = now.date().isoformat()
    header["HIERARCH CALIB_CREATION_TIME"] = now.time().isoformat(timespec="seconds")
    if image.provenance is not None:
        names = tuple(amplifier.name for amplifier in image.amplifiers)
        write_provenance(header, image.provenance, names)
    else:
        for number, exposure in enumerate(image.inputs):
            header[f"HIERARCH CPP_INPUT_{number}"] = exposure
    for number, amplifier in enumerate(image.amplifiers, start=1):
        header[f"AMP{number:02d}"] = (amplifier.name, "name of amplifier")
        header[f"SEC{number:02d}"] = (amplifier.section.fits, "place, in readout order")
        header[f"GAIN{number:02d}"] = (amplifier.gain, "[electron/adu] that was applied")
        header[f"RDN{number:02d}"] = (amplifier.read_noise, "[electron] of the camera model")
        header[f"OVN{number:02d}"] = (amplifier.overscan_noise, "[adu] 0 if not measured")
    return header


def read_image(path: str | Path) -> CalibImage:
    """Read an image that `write_image` wrote.

    Parameters
    ----------
    path : `str` or `pathlib.Path`
        The file.

    Returns
    -------
    image : `CalibImage`
        With pixels in native byte order; the variance in that of the file.
    """
    from astropy.io import fits

    with fits.open(path, memmap=True) as hdus:
        header = hdus[0].header
        pixels = hdus["IMAGE"].data.astype(np.float32)
        if "MASK" in hdus:
            mask = np.array(hdus["MASK"].data, np.uint8)
        else:
            mask = np.zeros(pixels.shape, np.uint8)
        # Hardly anybody asks for it: it stays in the file, mapped, until somebody does.
        variance = hdus["VARIANCE"].data if "VARIANCE" in hdus else None
        unit = str(hdus["IMAGE"].header["BUNIT"])
    amplifiers: list[ImageAmplifier] = []
    while (key := f"{len(amplifiers) + 1:02d}") and f"AMP{key}" in header:
        amplifiers.append(
            ImageAmplifier(
                header[f"AMP{key}"],
                Section.parse(header[f"SEC{key}"]),
                header[f"GAIN{key}"],
                header[f"RDN{key}"],
                header[f"OVN{key}"],
            )
        )
    provenance = read_provenance(header, tuple(amplifier.name for amplifier in amplifiers))
    return CalibImage(
        pixels,
        mask,
        tuple(amplifiers),
        str(header["IMGTYPE"]).lower(),
        unit,
        float(header["DARKTIME"]),
        tuple(item.exposure for item in provenance.inputs),
        variance,
        provenance if provenance.rule else None,
    )
