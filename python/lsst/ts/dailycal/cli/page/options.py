# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that `run`, `check` and `block run` share."""

__all__ = [
    "CheckOptions",
    "Place",
    "PlaceOptions",
    "check_options",
    "make_place",
    "make_settings",
    "place_options",
]

import dataclasses
import os
import typing
from pathlib import Path

import click

from ..errors import CommandError
from ..exit_codes import ExitCode
from ..files import read_file
from ..grouping import Command, grouped
from ..simulate.options import (
    FULL_SCALE,
    SMALL_SCALE,
    SimulationOptions,
    make_config,
    simulation_options,
)

if typing.TYPE_CHECKING:
    from ...page import CheckSettings, Limit
    from ...sim.config import SimulationConfig

SIMULATION_VARIABLE = "DAILYCAL_SIM_CONFIG"


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """The observatory that a command works with."""

    name: str
    """What to call it."""
    simulated: bool
    """Is it a simulated one?"""
    queue: int
    """Index of the script queue."""
    own: "SimulationConfig | None" = None
    """Settings of the observatory to be started; `None` to join one that is there."""
    joined: "SimulationConfig | None" = None
    """Settings of the simulated observatory that is joined."""

    enabled: bool = False
    """Are all components of the observatory to be started ENABLED from the beginning?"""

    @property
    def simulation(self) -> "SimulationConfig | None":
        """Settings of the simulated observatory; `None` for a real one."""
        return self.own or self.joined


@dataclasses.dataclass(frozen=True, slots=True)
class PlaceOptions:
    """What a user can say about the observatory to work with."""

    real: bool
    """The real one?"""
    queue: int
    """Index of the script queue."""
    directory: Path
    """Directory of a simulated one."""
    time_scale: float | None
    """How much faster than real time simulated exposures are."""
    simulation: SimulationOptions
    """What a simulated one is like."""


@dataclasses.dataclass(frozen=True, slots=True)
class CheckOptions:
    """What a user can say about the preconditions."""

    limits_file: Path | None = None
    """File of limits that replace the default ones."""
    accepted: tuple[str, ...] = ()
    """Checks that may refuse."""
    data_path: str = ""
    """Directory of the images."""


_place_options = grouped(
    "place",
    PlaceOptions,
    (
        click.option("--real", is_flag=True, help="In the real observatory that this machine's "
                     "environment is set up for, not in a simulated one."),
        click.option("--queue", type=click.IntRange(1, 20), default=2, show_default=True,
                     help="Index of the script queue; 2 is the Auxiliary Telescope's."),
        click.option("--directory", type=click.Path(path_type=Path, file_okay=False),
                     default=Path("run"), show_default=True,
                     help="Where a simulated observatory writes; what is there is used again."),
        click.option("--time-scale", type=click.FloatRange(min=0, min_open=True),
                     help="How much faster than real time simulated exposures are.  [default: "
                     f"{FULL_SCALE:g}, or {SMALL_SCALE:g} with --small]"),
    ),
)  # fmt: skip


def place_options(function: Command) -> Command:
    """Add the options that say where: in a simulated observatory, or in the real one."""
    return simulation_options(_place_options(function))


check_options = grouped(
    "checks",
    CheckOptions,
    (
        click.option("--limits", "limits_file", type=click.Path(path_type=Path, dir_okay=False),
                     help="YAML file of limits that replace the default ones, e.g. "
                     "`ccd: {warn: [-105, -103], refuse: [-107, -101]}`."),
        click.option("--accept", "accepted", multiple=True, metavar="CHECK",
                     help="Go on although this check refuses, named as the table names it; can be "
                     "repeated."),
        click.option("--data-path", default="", help="Directory of the images, to look whether "
                     "there is room.  [default: that of the repository]"),
    ),
)  # fmt: skip
"""Adds the options of the preconditions to a command, which gets `CheckOptions`."""


def make_place(options: PlaceOptions, *, enabled: bool = False) -> Place:
    """Choose the observatory: a real one if asked to, one that is set up, or a new one.

    Parameters
    ----------
    options : `PlaceOptions`
        What the user chose.
    enabled : `bool`, optional
        Are the components of a new one ENABLED from the beginning, since that was the business
        of earlier steps?

    Raises
    ------
    CommandError
        If a real observatory is asked for where a simulated one is set up.
    """
    joined = os.environ.get(SIMULATION_VARIABLE)
    queue, directory = options.queue, options.directory
    if options.real and joined:
        raise CommandError(
            f"--real: the environment is that of a simulated observatory ({SIMULATION_VARIABLE}). "
            "Use a terminal without it.",
            ExitCode.USAGE,
        )
    if options.real:
        return Place(f"ScriptQueue:{queue}", simulated=False, queue=queue)
    if joined:
        from ...sim.config import SimulationConfig

        there = SimulationConfig.load(Path(joined))
        name = f"ScriptQueue:{queue} of the simulated observatory in {there.root}"
        return Place(name, simulated=True, queue=queue, joined=there)
    scale = options.time_scale or options.simulation.time_scale
    own = make_config(directory, options.simulation, time_scale=scale)
    name = f"a simulated observatory in {directory}"
    return Place(name, simulated=True, queue=queue, own=own, enabled=enabled)


def make_settings(
    place: Place, options: CheckOptions, *, may_resume: bool = False
) -> "CheckSettings":
    """Put the settings of the checks together.

    Parameters
    ----------
    place : `Place`
        The observatory.
    options : `CheckOptions`
        What the user chose.
    may_resume : `bool`, optional
        Will a paused queue be resumed?

    Raises
    ------
    ConfigurationError
        If a limit is wrong.
    """
    from ...page import IMAGE_BYTES, CheckSettings

    image_bytes, data_path = IMAGE_BYTES, options.data_path
    simulation = place.simulation
    if simulation is not None:
        geometry = simulation.geometry
        image_bytes = 4.0 * 16 * geometry.raw_width * geometry.raw_height
        data_path = data_path or str(simulation.root)
    return CheckSettings(
        limits=_limits(options.limits_file),
        accepted=options.accepted,
        data_path=data_path,
        image_bytes=image_bytes,
        may_resume=may_resume,
    )


def _limits(file: Path | None) -> "dict[str, Limit]":
    """Read the limits of the conditions: the default ones, and those of a file instead."""
    from ...calibration import parse_yaml
    from ...model import ConfigurationError
    from ...page import parse_limits

    if file is None:
        return parse_limits(None)
    raw = parse_yaml(read_file(file), str(file))
    try:
        return parse_limits(raw)
    except ConfigurationError as error:
        raise ConfigurationError(f"{file}: {problem}" for problem in error.problems) from None
