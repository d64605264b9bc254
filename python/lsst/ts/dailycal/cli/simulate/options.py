# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that settle what a simulated observatory is like."""

__all__ = ["SimulationOptions", "make_config", "simulation_options"]

import dataclasses
import typing
from pathlib import Path

import click

from ..grouping import grouped

if typing.TYPE_CHECKING:
    from ...sim.config import SimulationConfig

MARKER = "observatory.json"
"""File that tells a directory of ours from any other."""
FULL_SCALE, SMALL_SCALE = 15.0, 50.0
"""How much faster than real time exposures are, unless it is said."""
_COMMANDS = ("enterControl", "start", "enable", "disable", "standby", "exitControl")


@dataclasses.dataclass(frozen=True, slots=True)
class SimulationOptions:
    """What a user can choose about a simulated observatory."""

    seed: int = 1
    """Seed of everything random."""
    small: bool = False
    """Small frames?"""
    rice: bool = False
    """Compressed raw files?"""
    faults: tuple[str, ...] = ()
    """Faults that are rehearsed."""
    database: str | None = None
    """URL of the database for the registry of a new repository."""

    @property
    def time_scale(self) -> float:
        """How much faster than real time exposures are, unless it is said (`float`)."""
        return SMALL_SCALE if self.small else FULL_SCALE


simulation_options = grouped(
    "simulation",
    SimulationOptions,
    (
        click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True,
                     help="Seed of everything random."),
        click.option("--small", is_flag=True, help="Small frames: quick, and too few pixels for "
                     "science."),
        click.option("--rice", is_flag=True, help="Compress raw files as the camera has done since "
                     "2024; takes 3 s a full-size frame."),
        click.option("--fault", "faults", multiple=True, metavar="NAME[@WHEN]",
                     help="Rehearse a fault; can be repeated. `dailycal faults` lists them."),
        click.option("--database", metavar="URL", help="PostgreSQL database on this machine for "
                     "the registry of a new repository, e.g. postgresql:///dailycal; it gets a "
                     "schema of its own. No password here: PGPASSWORD and ~/.pgpass are read."),
    ),
)  # fmt: skip
"""Adds the options of a simulated observatory to a command, which gets `SimulationOptions`."""


def make_config(
    directory: Path, options: SimulationOptions, *, time_scale: float = 1.0
) -> "SimulationConfig":
    """Make the settings of a simulated observatory.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Where everything is written.
    options : `SimulationOptions`
        What the user chose.
    time_scale : `float`, optional
        How much faster than real time exposures are.

    Raises
    ------
    ConfigurationError
        If they are wrong; it lists all problems.
    """
    from ...model import ConfigurationError
    from ...sim.config import DIRECT_FRAME, FULL_FRAME, RawFileOptions, SimulationConfig

    config = SimulationConfig(
        seed=options.seed,
        time_scale=time_scale,
        frame=DIRECT_FRAME if options.small else FULL_FRAME,
        root=directory.absolute(),
        raw_files=RawFileOptions(rice=options.rice),
        faults=options.faults,
        database=options.database,
    )
    problems = [problem for text in options.faults for problem in _unknown_words(text)]
    if problems:
        raise ConfigurationError(problems)
    return config


def _unknown_words(text: str) -> list[str]:
    """Name the words of a fault that fit nothing, so that it would never strike."""
    from ...model import ImageName, ImageType, JobStep
    from ...sim.faults.fault import Fault
    from ...sim.programs import PROGRAMS

    known = {
        *ImageType,
        *JobStep,
        *(kind.dataset_type for kind in ImageType),
        *PROGRAMS,
        *_COMMANDS,
    }
    problems = []
    for word in Fault.parse(text).when.words:
        try:
            fits = str(word) in known or ImageName.parse(word) is not None
        except ValueError:
            fits = False
        if not fits:
            problems.append(
                f"Fault {text!r} would never strike: {word!r} is no image type, image, job step, "
                "component or command, as DARK, verify, ATOODS or enable are."
            )
    return problems
