# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory of a simulated observatory: whose it is, and making room in it."""

__all__ = ["claim_directory", "is_in_use", "is_ours", "refuse_other_frames"]

import fcntl
import os
import shutil
import sys
import typing
from pathlib import Path

import click

from ..errors import CommandError
from ..exit_codes import ExitCode
from .database import forget_database
from .options import MARKER

if typing.TYPE_CHECKING:
    from ...sim.config import SimulationConfig


def is_ours(directory: Path) -> bool:
    """Tell whether a simulated observatory left this directory (`bool`)."""
    return (directory / MARKER).is_file()


def is_in_use(directory: Path) -> bool:
    """Tell whether a simulated observatory runs in this directory (`bool`)."""
    try:
        descriptor = os.open(directory / ".lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def claim_directory(directory: Path, *, keep: bool, yes: bool) -> None:
    """Make sure that a directory can be used, and remove what an earlier observatory left.

    Parameters
    ----------
    directory : `~pathlib.Path`
        The directory; need not exist.
    keep : `bool`
        Is what is there to be used again?
    yes : `bool`
        Is it to be removed without asking?

    Raises
    ------
    CommandError
        If it is somebody else's, or in use.
    """
    if not directory.exists():
        return
    if not directory.is_dir():
        raise CommandError(
            f"{directory} is not a directory.", ExitCode.USAGE, "Choose another --directory."
        )
    if is_in_use(directory):
        raise CommandError(
            f"A simulated observatory runs in {directory}.",
            ExitCode.BUSY,
            "End it, or choose another directory.",
        )
    if keep or not any(directory.iterdir()):
        return
    if not is_ours(directory):
        raise CommandError(
            f"{directory} holds something that is not ours, and stays as it is.",
            ExitCode.USAGE,
            "Choose another --directory.",
        )
    if not yes:
        _ask(directory)
    click.echo(f"Removing {_content(directory)}", err=True)
    forget_database(directory / "repo")
    shutil.rmtree(directory)


def refuse_other_frames(config: "SimulationConfig") -> None:
    """Make sure that new frames can be verified against the calibrations that are there.

    Parameters
    ----------
    config : `SimulationConfig`
        Settings of the observatory that is to be started.

    Raises
    ------
    CommandError
        If what is there was made of frames of another size or another detector.
    """
    from ...model import ConfigurationError
    from ...sim.config import SimulationConfig

    if not (config.repository / "butler.yaml").exists():
        return
    try:
        there = SimulationConfig.load(config.root / MARKER)
    except (OSError, ValueError, ConfigurationError):
        return  # of another version; it will be seen
    if there.frame == config.frame and there.seed == config.seed:
        return
    differs = "size" if there.frame != config.frame else f"seed ({there.seed})"
    raise CommandError(
        f"{config.root} has calibrations of frames of another {differs}, against which no frame of "
        "this run would pass. Use the options it was made with, or another --directory.",
        ExitCode.USAGE,
    )


def _content(directory: Path) -> str:
    """Say what an earlier observatory left (`str`)."""
    frames = sum(1 for _ in (directory / "raw").rglob("*.fits*"))
    runs = sum(1 for _ in (directory / "journal").glob("*.jsonl"))
    return (
        f"what an earlier observatory left in {directory}: its repository, "
        f"{frames} raw file{'s' * (frames != 1)} and the journals of {runs} run{'s' * (runs != 1)}"
    )


def _ask(directory: Path) -> None:
    if not sys.stdin.isatty():
        raise CommandError(
            f"There is {_content(directory)}. --keep uses it again, --yes removes it.",
            ExitCode.USAGE,
        )
    click.confirm(f"Remove {_content(directory)}?", abort=True)
