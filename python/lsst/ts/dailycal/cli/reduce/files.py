# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files belong to one set of biases and darks, and why others do not."""

__all__ = ["LeftOutFile", "RawFile", "RawSet", "choose_set", "find_files", "open_files"]

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ...model import ImageType
from ...pipelines.raw.error import RawFrameError
from ...pipelines.raw.frame import RawFrame, open_raw

SUFFIXES = (".fits", ".fits.fz", ".fits.gz", ".fz")
"""How the names of raw files end."""

_Setup = tuple[int, tuple[tuple[str, str], ...], tuple[int, int]]
_MAY_DIFFER = ("IMGTYPE", "EXPTIME")


@dataclasses.dataclass(frozen=True, slots=True)
class RawFile:
    """A raw file whose headers are in order."""

    path: Path
    """The file."""
    frame: RawFrame
    """What is in it."""

    @property
    def day_obs(self) -> int:
        """Observing day, YYYYMMDD; 0 if it is not known (`int`)."""
        return self.frame.facts.day_obs if self.frame.facts is not None else 0

    @property
    def setup(self) -> _Setup:
        """Day, settings of detector and camera, and size: what biases and darks must share."""
        return self.day_obs, self.frame.group.settings, self.frame.shape


@dataclasses.dataclass(frozen=True, slots=True)
class LeftOutFile:
    """A file that has no part in the combination."""

    path: Path
    """The file."""
    reason: str
    """Why not, in a sentence without a full stop."""
    exposure: int | None = None
    """Exposure id; `None` if it could not be read."""
    verified: bool = False
    """Was it verified all the same? So are frames that differ from the others."""


@dataclasses.dataclass(frozen=True, slots=True)
class RawSet:
    """Biases and darks of one day and one set-up, in the order of their ids."""

    files: tuple[RawFile, ...]
    """The files."""
    left_out: tuple[LeftOutFile, ...]
    """The other files."""

    def of(self, image_type: ImageType) -> tuple[RawFile, ...]:
        """Give the files of one image type (`tuple` [`RawFile`])."""
        return tuple(file for file in self.files if file.frame.image_type == image_type)


def find_files(paths: Iterable[Path], output: Path) -> list[Path]:
    """Find raw files.

    Parameters
    ----------
    paths : iterable of `~pathlib.Path`
        Files, which are taken whatever their names are, and directories, of which all that is
        named as a raw file is. Names that begin with a dot are those of files under way.
    output : `~pathlib.Path`
        A directory that is not searched: what was reduced before is no raw file.

    Returns
    -------
    files : `list` of `~pathlib.Path`
        Each once, sorted.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        for file in _files_below(path, output.resolve()) if path.is_dir() else (path,):
            found.setdefault(file.resolve(), file)
    return sorted(found.values())


def _files_below(directory: Path, output: Path) -> Iterator[Path]:
    for file in directory.rglob("*"):
        named = file.name.lower().endswith(SUFFIXES) and not file.name.startswith(".")
        if named and file.is_file() and output not in file.resolve().parents:
            yield file


def open_files(paths: Iterable[Path]) -> tuple[list[RawFile], list[LeftOutFile]]:
    """Read the headers of files.

    Returns
    -------
    files : `list` of `RawFile`
        Biases and darks, each exposure once, sorted by exposure.
    left_out : `list` of `LeftOutFile`
        The others.
    """
    files: dict[int, RawFile] = {}
    left_out: list[LeftOutFile] = []
    for path in paths:
        try:
            file = RawFile(path, open_raw(path))
        except RawFrameError as error:
            left_out.append(LeftOutFile(path, problem_of(error)))
            continue
        except OSError as error:
            left_out.append(LeftOutFile(path, f"cannot be opened: {error.strerror or error}"))
            continue
        exposure = file.frame.exposure
        reason = _unfit(file.frame)
        if not reason and exposure in files:
            reason = f"exposure {exposure} is in {files[exposure].path} already"
        if reason:
            left_out.append(LeftOutFile(path, reason, exposure))
        else:
            files[exposure] = file
    return [files[exposure] for exposure in sorted(files)], left_out


def problem_of(error: RawFrameError) -> str:
    """Say what is wrong with a raw file without naming the file (`str`)."""
    where = ", ".join(part for part in (error.hdu, error.key) if part)
    return f"{where}: {error.problem}" if where else error.problem


def _unfit(frame: RawFrame) -> str:
    if frame.image_type not in tuple(ImageType):
        return f"its image type is {frame.image_type}, neither BIAS nor DARK"
    if frame.image_type == ImageType.BIAS and frame.exposure_time != 0:
        return f"its exposure time is {frame.exposure_time:g} s, that of a bias is 0"
    if frame.image_type == ImageType.DARK and not min(frame.exposure_time, frame.dark_time) > 0:
        return f"a dark with an exposure time of {frame.exposure_time:g} s"
    return ""


def choose_set(files: Sequence[RawFile], day_obs: int | None = None) -> RawSet:
    """Choose the largest set of one day and one set-up.

    Parameters
    ----------
    files : sequence of `RawFile`
        All files.
    day_obs : `int`, optional
        The day to choose from; by default any. Of sets that are equally large it is the latest.

    Returns
    -------
    chosen : `RawSet`
        Without files if there is none of that day.
    """
    left_out = [
        LeftOutFile(file.path, f"it is of day {file.day_obs}", file.frame.exposure)
        for file in files
        if day_obs not in (None, file.day_obs)
    ]
    counts = collections.Counter(file.setup for file in files if day_obs in (None, file.day_obs))
    if not counts:
        return RawSet((), tuple(left_out))
    setup = max(counts, key=lambda key: (counts[key], key))
    chosen = [file for file in files if file.setup == setup]
    left_out += [
        LeftOutFile(file.path, _difference(file, chosen[0]), file.frame.exposure)
        for file in files
        if file.setup != setup and day_obs in (None, file.day_obs)
    ]
    return RawSet(tuple(chosen), tuple(left_out))


def _difference(file: RawFile, usual: RawFile) -> str:
    """Say how a file differs from the largest set."""
    found: list[str] = []
    if file.day_obs != usual.day_obs:
        found.append(f"the day is {file.day_obs} and {usual.day_obs}")
    found += file.frame.group.differences(usual.frame.group, _MAY_DIFFER)
    if file.frame.shape != usual.frame.shape:
        found.append(f"it has {_size(file.frame)} and {_size(usual.frame)} pixels")
    return f"not of the largest set: {'; '.join(found)}"


def _size(frame: RawFrame) -> str:
    height, width = frame.shape
    return f"{width} by {height}"
