# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The database of a simulated observatory's repository: looked at before anything starts."""

__all__ = ["forget_database", "refuse_other_database", "require_database"]

import typing
from pathlib import Path

from ..errors import CommandError
from ..exit_codes import ExitCode

if typing.TYPE_CHECKING:
    from ...sim.config import SimulationConfig


def require_database(config: "SimulationConfig") -> None:
    """Make sure that a new repository can be made in the database that was asked for, if any.

    Raises
    ------
    CommandError
        If it cannot be reached, lacks something, or may not be written.
    """
    if config.database is None:
        return
    from ...butler.database import DatabaseError, check_database

    try:
        check_database(config.database)
    except DatabaseError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error


def refuse_other_database(config: "SimulationConfig") -> None:
    """Make sure that a repository that is there is where it was asked for.

    Raises
    ------
    CommandError
        If its registry is somewhere else.
    """
    if config.database is None or not (config.repository / "butler.yaml").exists():
        return
    from ...butler.database_url import database_of, driver_url

    found = database_of(config.repository)
    if found is None or driver_url(found[0]) != driver_url(config.database):
        raise CommandError(
            f"{config.repository} is there already, and its registry is not in this database. "
            "Leave --database out to use it, or choose another --directory.",
            ExitCode.USAGE,
        )


def forget_database(repository: Path) -> None:
    """Drop the schema of a repository that is about to be removed.

    Raises
    ------
    CommandError
        If it cannot be dropped now: without the repository nobody would know whose it is.
    """
    from ...butler.database_url import database_of

    found = database_of(repository)
    if found is None:
        return
    from ...butler.database import DatabaseError, drop_schema

    try:
        drop_schema(repository)
    except DatabaseError as error:
        raise CommandError(
            f"{error} The schema {found[1]} of {repository} could not be dropped, and nothing was "
            "removed.",
            ExitCode.USAGE,
        ) from error
