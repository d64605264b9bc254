# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels that are compressed or unsigned: decoded once an amplifier, and read again from there.

Decoding a strip of rows takes astropy three times as long as its share of a whole amplifier, and
whoever combines frames comes back for one strip after another.
"""

from __future__ import annotations

import dataclasses
import io
import threading
import warnings
from typing import TYPE_CHECKING

import numpy as np

from .error import RawFrameError
from .file_bytes import TemporaryBytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .hdu import AmplifierHdu
    from .layout import RawLayout

_BLOCK = 2880
# What a file must begin with; the extension follows.
_EMPTY_PRIMARY = "".join(
    card.ljust(80)
    for card in (
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
        "EXTEND  =                    T",
        "END",
    )
).ljust(_BLOCK)
_LARGEST = np.iinfo(np.int32).max


class DecodedFile:
    """The decoded amplifiers of one raw file, in a temporary file.

    Parameters
    ----------
    layout : `RawLayout`
        The raw file.
    """

    def __init__(self, layout: RawLayout) -> None:
        self._layout = layout
        self._lock = threading.Lock()
        self._store: TemporaryBytes | None = None
        self._locks: dict[int, threading.Lock] = {}
        self._decoded: set[int] = set()

    def __reduce__(self) -> tuple[type[DecodedFile], tuple[RawLayout]]:
        """Have another process decode it itself: a file without a name stays in this one."""
        return type(self), (self._layout,)

    def read(self, hdu: AmplifierHdu, y0: int, y1: int) -> NDArray[np.int32]:
        """Read rows of an amplifier, which is decoded when it is read for the first time.

        Raises
        ------
        RawFrameError
            If it cannot be decoded.
        """
        row = 4 * hdu.width
        offset = hdu.amplifier.hdu * row * hdu.height
        with self._lock:
            if self._store is None:
                self._store = TemporaryBytes(self._layout.path)
            store = self._store
            lock = self._locks.setdefault(hdu.number, threading.Lock())
        with lock:
            if hdu.number not in self._decoded:
                pixels = _decode(self._layout, hdu)
                store.put(pixels.data.cast("B"), offset)
                self._decoded.add(hdu.number)
        rows = np.empty((y1 - y0, hdu.width), np.int32)
        store.fill(rows.data.cast("B"), offset + y0 * row)
        return rows


@dataclasses.dataclass(frozen=True, slots=True)
class DecodedPixels:
    """Pixels of one amplifier that have to be decoded."""

    file: DecodedFile
    """The decoded amplifiers of its file."""
    hdu: AmplifierHdu
    """Which one."""

    def read(self, y0: int, y1: int) -> NDArray[np.int32]:
        """Read the rows."""
        return self.file.read(self.hdu, y0, y1)


def _decode(layout: RawLayout, hdu: AmplifierHdu) -> NDArray[np.int32]:
    """Decode the pixels of one amplifier, from a file in memory that has nothing else."""
    from astropy.io import fits

    extension = bytearray(hdu.end - hdu.header_start)
    try:
        layout.source.fill(memoryview(extension), hdu.header_start)
        with warnings.catch_warnings():
            # What is wrong is said in an error.
            warnings.simplefilter("ignore")
            with fits.open(io.BytesIO(_EMPTY_PRIMARY.encode() + extension)) as hdus:
                pixels = hdus[1].data
    except RawFrameError:
        raise
    # Whatever a decoder raises on bytes that no encoder wrote.
    except Exception as error:
        problem = f"its pixels cannot be decoded: {error}"
        raise RawFrameError(layout.path, problem, hdu.name) from error
    if pixels is None or pixels.shape != (hdu.height, hdu.width) or pixels.dtype.kind not in "iu":
        shown = "nothing" if pixels is None else f"{pixels.dtype} {pixels.shape}"
        problem = f"its pixels decode to {shown}, not to {hdu.height} rows of {hdu.width} integers"
        raise RawFrameError(layout.path, problem, hdu.name)
    if pixels.dtype.kind == "u" and pixels.max() > _LARGEST:
        problem = f"a pixel is {pixels.max()}, more than any converter gives"
        raise RawFrameError(layout.path, problem, hdu.name, "BZERO")
    return np.ascontiguousarray(pixels, np.int32)
