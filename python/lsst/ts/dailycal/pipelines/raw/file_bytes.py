# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the bytes of a raw frame are: in its file, or unpacked in a temporary one."""

from __future__ import annotations

import dataclasses
import gzip
import os
import tempfile
import weakref
import zlib
from typing import IO, TYPE_CHECKING, BinaryIO, Protocol

from .error import RawFrameError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_GZIP = b"\x1f\x8b"
_BLOCK = 2880
_PIECE = 4 * 1024 * 1024
_LARGEST = 512 * 1024 * 1024


class RawBytes(Protocol):
    """Bytes that can be read from anywhere, in several threads at once."""

    def open(self) -> IO[bytes]:
        """Open a stream, one at a time; whoever gets it closes it."""
        ...

    def fill(self, view: memoryview, offset: int) -> None:
        """Fill a buffer with the bytes from an offset on.

        Raises
        ------
        RawFrameError
            If the file ends before the last byte.
        """
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class FileBytes:
    """The file itself; it is open only while something is read."""

    path: Path
    """The file."""

    def open(self) -> BinaryIO:
        """Open the file."""
        return self.path.open("rb")

    def fill(self, view: memoryview, offset: int) -> None:
        """Read from the file."""
        with self.path.open("rb", buffering=0) as stream:
            stream.seek(offset)
            got = 0
            while got < len(view):
                count = stream.readinto(view[got:])
                if not count:
                    raise RawFrameError(self.path, "the file ends in the middle of its pixels")
                got += count


@dataclasses.dataclass(frozen=True, slots=True, weakref_slot=True)
class TemporaryBytes:
    """A file without a name, which goes when nobody refers to it any more.

    It bounds the memory: the system writes it out when others need the room.
    """

    path: Path
    """The raw file that was unpacked, for messages."""
    file: IO[bytes] = dataclasses.field(default_factory=tempfile.TemporaryFile, repr=False)
    """The file; never read at its own position, which threads would share."""

    def __post_init__(self) -> None:
        """See to it that the file is closed, and not left to whenever it is collected."""
        weakref.finalize(self, self.file.close)

    def __reduce__(self) -> tuple[Callable[[Path], RawBytes], tuple[Path]]:
        """Have another process unpack the file itself."""
        return raw_bytes, (self.path,)

    def open(self) -> IO[bytes]:
        """Open it once more."""
        stream = os.fdopen(os.dup(self.file.fileno()), "rb")
        stream.seek(0)
        return stream

    def fill(self, view: memoryview, offset: int) -> None:
        """Read from the file."""
        got = 0
        while got < len(view):
            count = os.preadv(self.file.fileno(), [view[got:]], offset + got)
            if not count:
                raise RawFrameError(self.path, "the file ends in the middle of its pixels")
            got += count

    def put(self, data: memoryview, offset: int) -> None:
        """Write to the file."""
        done = 0
        while done < len(data):
            done += os.pwrite(self.file.fileno(), data[done:], offset + done)


def raw_bytes(path: Path) -> RawBytes:
    """Find the bytes of a raw file, which may have been packed with gzip as a whole.

    Parameters
    ----------
    path : `pathlib.Path`
        The file.

    Returns
    -------
    source : `RawBytes`
        Bytes of FITS.

    Raises
    ------
    RawFrameError
        If it does not begin as a FITS file does, or is packed and damaged.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as stream:
        begin = stream.read(len(b"SIMPLE"))
    if begin.startswith(_GZIP):
        return _unpacked(path)
    if begin != b"SIMPLE":
        raise RawFrameError(path, "it is not a FITS file: it does not begin with SIMPLE")
    return FileBytes(path)


def _unpacked(path: Path) -> TemporaryBytes:
    source = TemporaryBytes(path)
    size = 0
    try:
        with gzip.open(path, "rb") as stream:
            while piece := stream.read(_PIECE):
                source.put(memoryview(piece), size)
                size += len(piece)
                if size > _LARGEST:
                    raise RawFrameError(path, f"it is larger than {_LARGEST} bytes when unpacked")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RawFrameError(path, f"it is packed with gzip, and damaged: {error}") from error
    begin = bytearray(len(b"SIMPLE"))
    if size < _BLOCK:
        raise RawFrameError(path, "it is short: it has not even a header")
    source.fill(memoryview(begin), 0)
    if begin != b"SIMPLE":
        raise RawFrameError(path, "it is packed with gzip, and no FITS file is in it")
    return source
