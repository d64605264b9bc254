# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a repository with reference calibrations of a simulated earlier day."""

__all__ = ["prepare_repository"]

import concurrent.futures
import dataclasses
import os
import shutil
import typing
from collections.abc import Callable
from pathlib import Path

from ..errors import CommandError
from ..exit_codes import ExitCode

if typing.TYPE_CHECKING:
    from ...sim.config import SimulationConfig

_THREADS = min(2, os.cpu_count() or 1)
_FRAMES = 40
"""Frames of which the calibrations are made; a file has four bytes a pixel."""
_PRODUCTS = 5
"""What bias and dark take with their planes, in sizes of a frame."""
_REGISTRY = 5_000_000
"""What the registry takes, in bytes."""


def prepare_repository(config: "SimulationConfig", tell: Callable[[str], None]) -> str:
    """Make a repository, and in it what a day's frames are verified against.

    It is made beside its place and renamed at the end: interrupted, there is none.

    Parameters
    ----------
    config : `SimulationConfig`
        Settings of the observatory; the same seed and frame size as its later frames.
    tell : `~collections.abc.Callable`
        Is told what is being done.

    Returns
    -------
    collection : `str`
        The CALIBRATION collection of the reference calibrations.

    Raises
    ------
    FileExistsError
        If there is something at the place of the repository.
    ReferenceError
        If the reference calibrations cannot be made.
    """
    place = config.repository
    if place.exists() and any(place.iterdir()):
        raise FileExistsError(f"{place} is not empty; choose another place, or remove it")
    place.mkdir(parents=True, exist_ok=True)  # whoever may not make it reads this name
    unfinished = place.with_name(f".{place.name}.unfinished")
    if unfinished.exists():
        tell(f"Removing {unfinished}, which an earlier attempt was interrupted in")
        _remove(unfinished)
    _require_room(config, place.parent)
    unfinished.mkdir(parents=True)
    tell(f"Making the repository {place}")
    making = dataclasses.replace(
        config,
        root=unfinished,
        repository_path=unfinished / "repo",
        raw_path=unfinished / "raw",
    )
    collection = _make(making, tell)
    making.repository.rename(place)
    shutil.rmtree(unfinished)
    return collection


def _require_room(config: "SimulationConfig", directory: Path) -> None:
    """Refuse to begin where the disk would be full in the middle.

    Raises
    ------
    CommandError
        If there is not enough room for the frames of which the calibrations are made.
    """
    from ...sim.config import DIRECT_FRAME

    geometry = config.geometry
    frame = 4 * 16 * geometry.raw_width * geometry.raw_height
    needed = (_FRAMES + _PRODUCTS) * frame + _REGISTRY
    free = shutil.disk_usage(directory).free
    if free < needed:
        smaller = "" if config.frame == DIRECT_FRAME else "; --small takes a hundredth"
        raise CommandError(
            f"{directory} has room for {_size(free)}, and the repository with its frames "
            f"takes {_size(needed)}.",
            ExitCode.IO,
            f"Make room, or choose another --directory{smaller}.",
        )


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _remove(unfinished: Path) -> None:
    from .database import forget_database

    forget_database(unfinished / "repo")
    shutil.rmtree(unfinished)


def _make(config: "SimulationConfig", tell: Callable[[str], None]) -> str:
    from ...butler.ingest import forget_raws, ingest_raws
    from ...butler.reference import create_reference
    from ...butler.repository import create_repository, open_repository
    from ...model import ImageType
    from ...sim.world import World

    create_repository(config.repository, config.database)
    world = World(config)
    exposures = list(world.reference_exposures())
    tell(f"Taking {len(exposures)} frames of an earlier day, for the reference calibrations")
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        paths: list[Path] = list(pool.map(world.write, exposures))
    with open_repository(config.repository, writeable=True) as butler:
        ingest_raws(butler, paths)
    tell("Combining them to a bias and a dark; full-size frames take a minute")
    collection = create_reference(
        config.repository,
        [item.name.exposure_id for item in exposures if item.image_type is ImageType.BIAS],
        [item.name.exposure_id for item in exposures if item.image_type is ImageType.DARK],
        day_obs=exposures[0].name.day_obs,
    )
    # Only the calibrations are of use: the frames take 3 GB, and would stand among those of today.
    with open_repository(config.repository, writeable=True) as butler:
        forget_raws(butler, [item.name.exposure_id for item in exposures])
    return collection
