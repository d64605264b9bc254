# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The image name service: each image gets a number that was never given before."""

__all__ = ["ImageNameService"]

import fcntl
import json
import os
from pathlib import Path

from ..model import ImageName

_FIRST = 1
_LAST = 99_999  # what has an exposure id of 13 digits


class ImageNameService:
    """Gives names to images, across processes and restarts.

    Parameters
    ----------
    path : `~pathlib.Path`, optional
        File that remembers the last number of each observing day; without it the numbers are
        remembered as long as the object lives.
    source : `str`
        Two letters of the image source.
    """

    def __init__(self, path: Path | None = None, source: str = "AT") -> None:
        self._path = path
        self._source = source
        self._last: dict[str, int] = {}

    def next(self, day_obs: int, controller: str = "O") -> ImageName:
        """Name the next image of an observing day.

        Parameters
        ----------
        day_obs : `int`
            Observing day, YYYYMMDD.
        controller : `str`
            One letter: who takes the image.

        Raises
        ------
        OSError
            If the number cannot be written down; then no name is given.
        OverflowError
            If the day has no number left.
        """
        if self._path is None:
            number = self._count(self._last, day_obs)
        else:
            number = self._count_in_file(self._path, day_obs)
        return ImageName(
            day_obs=day_obs, seq_num=number, source=self._source, controller=controller
        )

    @staticmethod
    def _count(last: dict[str, int], day_obs: int) -> int:
        # One sequence for all controllers, or two images would have the same exposure id.
        number = last.get(str(day_obs), _FIRST - 1) + 1
        if number > _LAST:
            raise OverflowError(f"day_obs {day_obs} has no image number left")
        last[str(day_obs)] = number
        return number

    def _count_in_file(self, path: Path, day_obs: int) -> int:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        with os.fdopen(descriptor, "r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            last = json.loads(file.read() or "{}")
            number = self._count(last, day_obs)
            # The text only grows, so that writing over the old one in place is enough.
            file.seek(0)
            file.write(json.dumps(last))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        return number
