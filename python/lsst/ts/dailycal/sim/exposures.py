# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the camera knows of an exposure, and the data acquisition that hands it on."""

__all__ = ["DARK_OVERHEAD", "DataAcquisition", "SimulatedExposure"]

import dataclasses
import json
import os
import typing
from pathlib import Path

from ..model import ImageName
from .frame_effects import FrameEffect

DARK_OVERHEAD = 0.02
"""Time by which the dark time exceeds the exposure time, in seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class SimulatedExposure:
    """An exposure that was read out."""

    name: ImageName
    """Name of the image."""
    image_type: str
    """Type as in IMGTYPE; not only those that the calibrations need."""
    exposure_time: float
    """Exposure time, in seconds."""
    begin_tai: float
    """Start of the integration, in Unix seconds of TAI."""
    end_tai: float
    """End of the integration, in Unix seconds of TAI."""
    group_id: str = ""
    """Group of the exposure."""
    test_type: str = ""
    """Test type; empty for the image type."""
    program: str = ""
    """Program; empty for none."""
    reason: str = ""
    """Reason of the observation; empty for none."""
    note: str = ""
    """Note of the observer."""
    index: int = 1
    """Number within its takeImages command, from 1."""
    total: int = 1
    """Images of that command."""
    light: float = 0.0
    """Light that fell in though none should, in electron/s a pixel."""
    effects: tuple[FrameEffect, ...] = ()
    """What is wrong with the pixels."""

    @property
    def dark_time(self) -> float:
        """Time in which dark current was collected, in seconds (`float`)."""
        return self.exposure_time + DARK_OVERHEAD

    def in_header(self) -> typing.Self:
        """Give the exposure as the header has it, right or wrong (`SimulatedExposure`)."""
        found = self
        for effect in self.effects:
            if effect.name == "header_wrong":
                image_type, seconds = effect.text_of("image_type"), effect.number_of("seconds")
                found = dataclasses.replace(
                    found,
                    image_type=found.image_type if image_type == "same" else image_type,
                    exposure_time=found.exposure_time if seconds < 0 else seconds,
                )
        return found

    def to_json(self) -> str:
        """Write it as JSON text (`str`)."""
        return json.dumps(dataclasses.asdict(self) | {"name": str(self.name)})

    @classmethod
    def from_json(cls, text: str) -> typing.Self:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            If it is something else.
        """
        fields = json.loads(text)
        if not isinstance(fields, dict):
            raise ValueError("not an exposure")  # noqa: TRY004
        try:
            effects = tuple(
                FrameEffect(item["name"], tuple(map(tuple, item["values"])), item["number"])
                for item in fields.get("effects", ())
            )
            changed = {"name": ImageName.parse(fields["name"]), "effects": effects}
            return cls(**fields | changed)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not an exposure: {error}") from None


class DataAcquisition:
    """Keeps each exposure for whoever writes its file, in another process.

    The pixels follow from the exposure and the seed, so that they need not travel.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Where the exposures are kept, a small file each.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, exposure: SimulatedExposure) -> None:
        """Keep an exposure."""
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._path(exposure.name)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(exposure.to_json() + "\n", encoding="utf-8")
        temporary.replace(path)

    def get(self, name: ImageName) -> SimulatedExposure:
        """Give an exposure back.

        Raises
        ------
        LookupError
            If there is none of that name.
        """
        try:
            text = self._path(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise LookupError(f"the data acquisition has no image {name}") from None
        return SimulatedExposure.from_json(text)

    def _path(self, name: ImageName) -> Path:
        return self._directory / f"{name}.json"
