# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images: their types, their names and what the camera is asked to take."""

__all__ = ["ExposureTimeouts", "Image", "ImageName", "ImageTags", "ImageType", "PlannedExposure"]

import dataclasses
import datetime
import enum
import re
import typing

_IMAGE_NAME = re.compile(
    r"(?P<source>[A-Z]{2})_(?P<controller>[A-Z])_(?P<day>[0-9]{8})_(?P<seq>[0-9]{6})"
)


class ImageType(enum.StrEnum):
    """Type of a calibration image, as in the header keyword IMGTYPE."""

    BIAS = "BIAS"
    DARK = "DARK"

    @property
    def dataset_type(self) -> str:
        """Name of the combined calibration's dataset type, e.g. ``bias`` (`str`)."""
        return self.value.lower()


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class ImageName:
    """Name of an image as the observatory's image name service gives it.

    Written ``AT_O_20220929_000004``: source, controller, day_obs and seq_num.
    """

    day_obs: int
    """Observing day, YYYYMMDD: the date of TAI minus 12 hours."""
    seq_num: int
    """Number of the image in its observing day, from 1."""
    source: str = "AT"
    """Two-letter source of the image; AT is the Auxiliary Telescope."""
    controller: str = "O"
    """One-letter controller; O is the observatory control system."""

    @classmethod
    def parse(cls, text: str) -> typing.Self:
        """Read an image name.

        Parameters
        ----------
        text : `str`
            Name as published in ``startIntegration.imageName``.

        Raises
        ------
        ValueError
            If the text is not an image name, its day_obs is no date, or its seq_num has no
            exposure id.
        """
        match = _IMAGE_NAME.fullmatch(text)
        if match is None:
            raise ValueError(f"{text[:60]!r} is not an image name such as AT_O_20220929_000004")
        _check_date(match["day"])
        name = cls(
            day_obs=int(match["day"]),
            seq_num=int(match["seq"]),
            source=match["source"],
            controller=match["controller"],
        )
        if name.seq_num >= 100_000:
            raise ValueError(f"{text!r}: seq_num must be below 100000 to have an exposure id")
        return name

    @classmethod
    def of_exposure(cls, exposure_id: int) -> typing.Self:
        """Make the name of an exposure of the Auxiliary Telescope from its id.

        Parameters
        ----------
        exposure_id : `int`
            Id of the exposure in the Butler, e.g. 2022092900004.

        Raises
        ------
        ValueError
            If it is not day_obs and a seq_num of 5 digits.
        """
        text = str(exposure_id)
        return cls.parse(f"AT_O_{text[:-5]}_0{text[-5:]}")

    @property
    def exposure_id(self) -> int:
        """Integer id of the exposure in the Butler: day_obs and a seq_num of 5 digits (`int`)."""
        return self.day_obs * 100_000 + self.seq_num

    def __str__(self) -> str:
        return f"{self.source}_{self.controller}_{self.day_obs:08d}_{self.seq_num:06d}"


def _check_date(text: str) -> None:
    try:
        datetime.datetime.strptime(text, "%Y%m%d")
    except ValueError:
        raise ValueError(f"{text} is not a date YYYYMMDD") from None


@dataclasses.dataclass(frozen=True, slots=True)
class PlannedExposure:
    """One exposure of the plan."""

    image_type: ImageType
    """What is taken."""
    exposure_time: float
    """Requested exposure time, in seconds; 0 for a bias."""
    number: int
    """Number of the exposure among those of its type, from 1."""
    total: int
    """How many exposures of this type the plan has."""
    discard: bool
    """Is the image taken but kept out of processing?"""

    @property
    def label(self) -> str:
        """Short name for checkpoints and progress, e.g. ``BIAS 3/21`` (`str`)."""
        return f"{self.image_type} {self.number}/{self.total}"


@dataclasses.dataclass(frozen=True, slots=True)
class ImageTags:
    """What goes into the headers of every image of a run."""

    group_id: str
    """Group id: ISO 8601 TAI time that the script queue gave to the script."""
    program: str = ""
    """Program, e.g. ``BLOCK-295``; empty for none."""
    reason: str = ""
    """Reason of the observation; empty for none."""
    note: str = ""
    """Free text for the observation note; empty for none."""


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """An image that the camera has read out."""

    planned: PlannedExposure
    """The exposure that it answers."""
    name: ImageName
    """Its name."""
    notes: tuple[str, ...] = ()
    """What was unusual while it was taken, e.g. a lost acknowledgement; for people."""


@dataclasses.dataclass(frozen=True, slots=True)
class ExposureTimeouts:
    """How long one exposure may take; made of physics by `Timeouts.exposure`."""

    exposure: float
    """From the command to the end of readout, in seconds."""
    late_event: float
    """How long an event may lag behind the one that proves it happened, in seconds."""
