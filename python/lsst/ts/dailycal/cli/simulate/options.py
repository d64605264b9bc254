# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that settle what a simulated observatory is like."""

__all__ = ["make_config", "simulation_options"]

import typing
from pathlib import Path

import click

if typing.TYPE_CHECKING:
    from ...sim.config import SimulationConfig

Function = typing.TypeVar("Function", bound=typing.Callable[..., typing.Any])

MARKER = "observatory.json"
"""File that tells a directory of ours from any other."""
_COMMANDS = ("enterControl", "start", "enable", "disable", "standby", "exitControl")


def simulation_options(function: Function) -> Function:
    """Add the options of a simulated observatory to a command."""
    options = (
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
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def make_config(
    directory: Path,
    *,
    seed: int,
    small: bool,
    rice: bool = False,
    time_scale: float = 1.0,
    faults: typing.Sequence[str] = (),
    database: str | None = None,
) -> "SimulationConfig":
    """Make the settings of a simulated observatory.

    Raises
    ------
    ConfigurationError
        If they are wrong; it lists all problems.
    """
    from ...model import ConfigurationError
    from ...sim.config import DIRECT_FRAME, FULL_FRAME, RawFileOptions, SimulationConfig

    config = SimulationConfig(
        seed=seed,
        time_scale=time_scale,
        frame=DIRECT_FRAME if small else FULL_FRAME,
        root=directory.absolute(),
        raw_files=RawFileOptions(rice=rice),
        faults=tuple(faults),
        database=database,
    )
    problems = [problem for text in faults for problem in _unknown_words(text)]
    if problems:
        raise ConfigurationError(problems)
    return config


def _unknown_words(text: str) -> list[str]:
    """Name the words of a fault that fit nothing, so that it would never strike."""
    from ...model import ImageName, ImageType, JobStep
    from ...sim.faults import Fault
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
