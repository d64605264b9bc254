# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ATCamera is asked to take, and the texts in which it is told and tells."""

__all__ = ["CameraRequest", "OpenImage", "join_escaped", "parse_key_value_map"]

import dataclasses
import math
import typing

from ....model import ImageName
from ...exposures import DARK_OVERHEAD, SimulatedExposure
from ...frame_effects import FrameEffect

_LONGEST_EXPOSURE = 3600.0  # seconds
_FLAT_LIGHT = 3000.0  # electron/s in a pixel behind an open shutter


def parse_key_value_map(text: str) -> dict[str, str]:
    """Read a ``keyValueMap``: ``key: value`` pairs with commas between them.

    Raises
    ------
    ValueError
        If a part has no colon, which a comma in a value brings about.
    """
    pairs = {}
    for part in text.split(","):
        key, colon, value = part.partition(":")
        if not part.strip():
            continue
        if not colon or not key.strip():
            raise ValueError(f"keyValueMap: {part.strip()!r} is not a key and a value")
        pairs[key.strip()] = value.strip()
    return pairs


def join_escaped(parts: typing.Iterable[str]) -> str:
    r"""Join texts by colons; a colon or backslash in one of them gets a backslash before it."""
    return ":".join(part.replace("\\", "\\\\").replace(":", "\\:") for part in parts)


@dataclasses.dataclass(frozen=True, slots=True)
class CameraRequest:
    """Arguments of ``takeImages`` or ``startImage``. Checked when it is made."""

    exposure_time: float
    """Exposure time, in seconds."""
    shutter: bool
    """Is the shutter to be opened?"""
    tags: typing.Mapping[str, str]
    """What the ``keyValueMap`` held."""
    note: str = ""
    """Note of the observer."""
    images: int = 1
    """How many images."""

    def __post_init__(self) -> None:
        if self.images < 1:
            raise ValueError(f"numImages={self.images} must be 1 or more")
        if not math.isfinite(self.exposure_time) or not (
            0 <= self.exposure_time <= _LONGEST_EXPOSURE
        ):
            raise ValueError(
                f"expTime={self.exposure_time} must be from 0 to {_LONGEST_EXPOSURE:g} s"
            )

    @property
    def image_type(self) -> str:
        """Type of the images (`str`)."""
        return self.tags.get("imageType", "") or "UNKNOWN"


@dataclasses.dataclass(frozen=True, slots=True)
class OpenImage:
    """An image that is being taken."""

    request: CameraRequest
    """What was asked for."""
    name: ImageName
    """Its name."""
    index: int
    """Its number in the command, from 1."""
    begin_tai: float
    """Start of the integration, in Unix seconds of TAI."""
    stray_light: float = 0.0
    """Light that falls in though the shutter should be closed, in electron/s a pixel."""
    effects: tuple[FrameEffect, ...] = ()
    """What will be wrong with its pixels."""

    def fields(self) -> dict[str, typing.Any]:
        """Return the fields that the events of an image share (`dict`)."""
        return {
            "additionalKeys": join_escaped(self.request.tags),
            "additionalValues": join_escaped(self.request.tags.values()),
            "imagesInSequence": self.request.images,
            "imageName": str(self.name),
            "imageIndex": self.index,
            "imageSource": self.name.source,
            "imageController": self.name.controller,
            "imageDate": f"{self.name.day_obs:08d}",
            "imageNumber": self.name.seq_num,
            "timestampAcquisitionStart": self.begin_tai,
        }

    def finish(self, end_tai: float, exposure_time: float) -> SimulatedExposure:
        """Make the exposure that the data acquisition keeps.

        Parameters
        ----------
        end_tai : `float`
            End of the integration, in Unix seconds of TAI.
        exposure_time : `float`
            How long it was, in seconds.
        """
        tags = self.request.tags
        light = _FLAT_LIGHT if self.request.shutter else self.stray_light
        return SimulatedExposure(
            name=self.name,
            image_type=self.request.image_type,
            exposure_time=exposure_time,
            begin_tai=self.begin_tai,
            # A clock that runs many times faster than real time may show no time at all.
            end_tai=max(end_tai, self.begin_tai + exposure_time + DARK_OVERHEAD),
            group_id=tags.get("groupId", ""),
            test_type=tags.get("testType", ""),
            program=tags.get("program", ""),
            reason=tags.get("reason", ""),
            note=self.request.note,
            index=self.index,
            total=self.request.images,
            light=light,
            effects=self.effects,
        )
