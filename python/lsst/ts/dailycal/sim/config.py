# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of a simulated observatory, shared by all its processes through one file."""

__all__ = [
    "CONFIG_VARIABLE",
    "DIRECT_FRAME",
    "FULL_FRAME",
    "RawFileOptions",
    "SimulationConfig",
]

import dataclasses
import json
import math
import os
import re
import typing
from collections.abc import Mapping
from pathlib import Path

from ..butler.database_url import url_problem
from ..model import ConfigurationError
from ..model.detector import LATISS, DetectorGeometry
from .clock import current_tai, monotonic
from .conditions import HEALTHY, Conditions
from .faults.fault import Fault

CONFIG_VARIABLE = "DAILYCAL_SIM_CONFIG"
"""Environment variable that holds the path of the settings file."""
FULL_FRAME = (LATISS.data_width, LATISS.data_height)
"""Columns and rows of data in an amplifier of the real detector."""
DIRECT_FRAME = (64, 64)
"""A small amplifier: large enough for a noise to be known to 1 %, and quick."""

_FRAME = re.compile(r"(\d+)x(\d+)")


@dataclasses.dataclass(frozen=True, slots=True)
class RawFileOptions:
    """How the camera writes raw files."""

    rice: bool = False
    """Are the amplifiers compressed with RICE, as they have been since 2024?"""
    tables: bool = True
    """Do tables of the readout boards follow behind the amplifiers?"""

    @classmethod
    def from_mapping(cls, raw: object) -> typing.Self:
        """Read them from JSON.

        Raises
        ------
        ConfigurationError
            If something is unknown or wrong.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        if (
            not isinstance(raw, dict)
            or not set(raw) <= set(names)
            or not all(isinstance(value, bool) for value in raw.values())
        ):
            raise ConfigurationError(
                [f"raw_files must be an object with true or false for {names}; got {raw!r}."]
            )
        return cls(**raw)


@dataclasses.dataclass(frozen=True, slots=True)
class SimulationConfig:
    """What a simulated observatory is like. Checked when it is made."""

    seed: int = 1
    """Seed of everything random; the same seed gives the same detector and the same frames."""
    time_scale: float = 1.0
    """Simulated seconds that pass in a real second; 1 is real time."""
    frame: tuple[int, int] = FULL_FRAME
    """Columns and rows of light-sensitive pixels in an amplifier."""
    root: Path = Path("observatory")
    """Directory of everything the observatory writes."""
    repository_path: Path | None = None
    """Butler repository; `None` for ``repo`` in ``root``."""
    database: str | None = None
    """Address of the PostgreSQL database in which a new repository has its registry, without a
    password; `None` for an SQLite file in the repository."""
    raw_path: Path | None = None
    """Directory of the raw files; `None` for ``raw`` in ``root``."""
    raw_files: RawFileOptions = RawFileOptions()
    """How raw files are written."""
    start_tai: float | None = None
    """TAI at which the simulation starts, in Unix seconds; `None` for now."""
    started_at: float | None = None
    """Reading of the machine's monotonic clock, in seconds, when the simulated time was
    ``start_tai``; `None` as long as the observatory is not started. See `started`."""
    dark_current: float = 0.02
    """Mean dark current, in electron/s a pixel."""
    cosmic_ray_rate: float = 0.05
    """Cosmic rays in a second on a square centimetre of the detector."""
    queue_stop_timeout: float = 11.6
    """How long the ScriptQueue waits for a script that was told to stop until it gives up, in
    real seconds: 11.6 as ts_scriptqueue 2.14.1, 5.2 as 2.9.0. The script ends later."""
    conditions: Conditions = HEALTHY
    """What the thermometers and gauges of LATISS say."""
    faults: tuple[str, ...] = ()
    """What goes wrong, in the text form of `~.faults.Fault`."""

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise ConfigurationError(problems)

    def _problems(self) -> typing.Iterator[str]:
        if not _is_whole(self.seed) or self.seed < 0:
            yield f"seed must be a whole number, 0 or more; got {self.seed!r}."
        if not _is_number(self.time_scale) or self.time_scale <= 0:
            yield f"time_scale must be a number above 0; got {self.time_scale!r}."
        if not (
            isinstance(self.frame, tuple)
            and len(self.frame) == 2
            and all(_is_whole(size) for size in self.frame)
            and 16 <= self.frame[0] <= FULL_FRAME[0]
            and 16 <= self.frame[1] <= FULL_FRAME[1]
        ):
            yield (
                "frame must be the columns and rows of an amplifier, from 16 to "
                f"{FULL_FRAME[0]} and {FULL_FRAME[1]}; got {self.frame!r}."
            )
        yield from self._number_problems()
        if self.database is not None:
            problem = (
                url_problem(self.database)
                if isinstance(self.database, str)
                else "The database must be a text."
            )
            if problem is not None:
                yield problem
        for text in self.faults:
            try:
                Fault.parse(text)
            except ValueError as error:
                yield str(error)

    def _number_problems(self) -> typing.Iterator[str]:
        for name in ("dark_current", "cosmic_ray_rate"):
            value = getattr(self, name)
            if not _is_number(value) or value < 0:
                yield f"{name} must be a number, 0 or more; got {value!r}."
        if not _is_number(self.queue_stop_timeout) or self.queue_stop_timeout <= 0:
            yield (
                "queue_stop_timeout must be a time in seconds above 0; "
                f"got {self.queue_stop_timeout!r}."
            )
        for name in ("start_tai", "started_at"):
            value = getattr(self, name)
            if value is not None and (not _is_number(value) or value < 0):
                yield f"{name} must be a time in seconds; got {value!r}."
        if self.started_at is not None and self.start_tai is None:
            yield "started_at needs start_tai."

    @property
    def geometry(self) -> DetectorGeometry:
        """Sizes of the detector's parts (`DetectorGeometry`)."""
        return LATISS.resized(*self.frame)

    @property
    def repository(self) -> Path:
        """The Butler repository (`~pathlib.Path`)."""
        return self.repository_path or self.root / "repo"

    @property
    def raw_directory(self) -> Path:
        """Directory of the raw files (`~pathlib.Path`)."""
        return self.raw_path or self.root / "raw"

    def started(self) -> typing.Self:
        """Fix the start and the paths, so that all processes have the same.

        Returns
        -------
        config : `SimulationConfig`
            The same if the observatory has been started already.
        """
        if self.started_at is not None:
            return self
        start = current_tai() if self.start_tai is None else self.start_tai
        return dataclasses.replace(
            self,
            root=self.root.absolute(),
            repository_path=self.repository.absolute(),
            raw_path=self.raw_directory.absolute(),
            start_tai=start,
            started_at=monotonic(),
        )

    def to_json(self) -> str:
        """Write the settings as JSON text (`str`)."""
        fields = dataclasses.asdict(self)
        fields["frame"] = "full" if self.frame == FULL_FRAME else "{}x{}".format(*self.frame)
        for name in ("root", "repository_path", "raw_path"):
            fields[name] = None if fields[name] is None else str(fields[name])
        return json.dumps(fields, indent=2)

    @classmethod
    def from_json(cls, text: str) -> typing.Self:
        """Read the settings.

        Parameters
        ----------
        text : `str`
            A JSON object; what is not in it keeps its default.

        Raises
        ------
        ConfigurationError
            If it is not JSON, a key is unknown, or a value is wrong.
        """
        try:
            raw = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError([f"The simulation settings are not JSON: {error}."]) from None
        if not isinstance(raw, dict):
            raise ConfigurationError(["The simulation settings must be a JSON object."])
        unknown = sorted(set(raw) - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise ConfigurationError([f"Unknown simulation settings: {', '.join(unknown)}."])
        return cls(**_convert(raw))

    def save(self, path: Path) -> None:
        """Write the settings to a file, all or nothing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_text(self.to_json() + "\n", encoding="utf-8")
            temporary.replace(path)
        except OSError as error:  # of a full disk, Python does not say which file it was
            temporary.unlink(missing_ok=True)
            raise OSError(error.errno, error.strerror, str(path)) from error

    @classmethod
    def load(cls, path: Path | None = None) -> typing.Self:
        """Read the settings from a file.

        Parameters
        ----------
        path : `~pathlib.Path`, optional
            The file; by default the one that ``DAILYCAL_SIM_CONFIG`` names.

        Raises
        ------
        ConfigurationError
            If there is no such file, or something is wrong with it.
        """
        if path is None:
            named = os.environ.get(CONFIG_VARIABLE)
            if not named:
                raise ConfigurationError([f"{CONFIG_VARIABLE} must name the settings file."])
            path = Path(named)
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            what = getattr(error, "strerror", error)
            raise ConfigurationError([f"Cannot read the settings in {path}: {what}."]) from error
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: {problem}" for problem in error.problems) from None


def _convert(raw: Mapping[str, typing.Any]) -> dict[str, typing.Any]:
    """Turn the values of JSON into those of the dataclass; wrong ones are left to its check."""
    values = dict(raw)
    if isinstance(values.get("frame"), str):
        values["frame"] = _parse_frame(values["frame"])
    elif isinstance(values.get("frame"), list):
        values["frame"] = tuple(values["frame"])
    for name in ("root", "repository_path", "raw_path"):
        if name in values and (name == "root" or values[name] is not None):
            if not isinstance(values[name], str) or not values[name]:
                raise ConfigurationError([f"{name} must be a path; got {values[name]!r}."])
            values[name] = Path(values[name])
    if "conditions" in values:
        values["conditions"] = Conditions.from_mapping(values["conditions"])
    if "raw_files" in values:
        values["raw_files"] = RawFileOptions.from_mapping(values["raw_files"])
    if "faults" in values:
        faults = values["faults"]
        if not isinstance(faults, list) or not all(isinstance(fault, str) for fault in faults):
            raise ConfigurationError([f"faults must be a list of texts; got {faults!r}."])
        values["faults"] = tuple(faults)
    return values


def _parse_frame(text: str) -> tuple[int, int]:
    if text == "full":
        return FULL_FRAME
    match = _FRAME.fullmatch(text)
    if match is None:
        raise ConfigurationError([f"frame must be full, or a size such as 128x128; got {text!r}."])
    return int(match[1]), int(match[2])


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
