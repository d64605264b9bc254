# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that settle what a simulated observatory is like."""

__all__ = ["make_config", "simulation_options"]

import typing
from pathlib import Path

import click

if typing.TYPE_CHECKING:
    from ..sim.config import SimulationConfig

Function = typing.TypeVar("Function", bound=typing.Callable[..., typing.Any])

MARKER = "observatory.json"
"""File that tells a directory of ours from any other."""


def simulation_options(function: Function) -> Function:
    """Add the options of a simulated observatory to a command."""
    options = (
        click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True,
                     help="Seed of everything random."),
        click.option("--small", is_flag=True, help="Small frames: quick, and too few pixels for "
                     "science."),
        click.option("--fault", "faults", multiple=True, metavar="NAME[@WHEN]",
                     help="Rehearse a fault; can be repeated. `dailycal faults` lists them."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def make_config(
    directory: Path,
    *,
    seed: int,
    small: bool,
    time_scale: float = 1.0,
    faults: typing.Sequence[str] = (),
) -> "SimulationConfig":
    """Make the settings of a simulated observatory.

    Raises
    ------
    ConfigurationError
        If they are wrong; it lists all problems.
    """
    from ..sim.config import DIRECT_FRAME, FULL_FRAME, SimulationConfig

    return SimulationConfig(
        seed=seed,
        time_scale=time_scale,
        frame=DIRECT_FRAME if small else FULL_FRAME,
        root=directory.absolute(),
        faults=tuple(faults),
    )
