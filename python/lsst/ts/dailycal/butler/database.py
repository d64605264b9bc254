# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PostgreSQL database that is to hold the registry of a simulated observatory's repository.

Credentials are none of our business: libpq and the Butler read them from the environment, the
password file and the Butler's ``db-auth.yaml``, and a URL with a password is refused.
"""

from __future__ import annotations

__all__ = [
    "DatabaseError",
    "check_database",
    "drop_schema",
    "said",
]

import concurrent.futures
import contextlib
import importlib
import ipaddress
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

from ..daemon_executor import DaemonExecutor
from ..extras import require
from ..model import CalibrationError
from .database_url import database_of, driver_url, url_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.engine import Connection

CHECK_TIMEOUT = 10.0
"""How long a database may take to answer before anything is started, in seconds."""
DROP_TIMEOUT = 60.0
"""How long it may take to drop a schema, in seconds."""
_CLASS_OF_ERROR = re.compile(r"^\([\w.]+\) ")


class DatabaseError(CalibrationError):
    """A database cannot hold a repository."""


def check_database(url: str, timeout: float = CHECK_TIMEOUT) -> None:
    """Make sure that a repository can be made in a database. Blocks.

    Parameters
    ----------
    url : `str`
        Its address, without a password.
    timeout : `float`
        How long it may take to answer, in seconds.

    Raises
    ------
    DatabaseError
        If it does not answer in time, lies on another machine, lacks ``btree_gist``, or lets us
        make no schema.
    MissingExtraError
        If the Butler or the driver is not installed.
    """
    problem = url_problem(url)
    if problem is not None:
        raise DatabaseError(problem)
    _within(timeout, url, _check)


def drop_schema(repository: str | Path, timeout: float = DROP_TIMEOUT) -> None:
    """Drop the schema of a repository that we made; nothing is done for any other. Blocks.

    Parameters
    ----------
    repository : `str` or `pathlib.Path`
        Directory of the repository, which is of no use afterwards.
    timeout : `float`
        How long it may take, in seconds.

    Raises
    ------
    DatabaseError
        If it does not work, or not in time.
    """
    found = database_of(repository)
    if found is None:
        return
    import sqlalchemy

    url, namespace = found

    def drop(connection: Connection) -> None:
        # Its form was checked, so that it can stand in a statement.
        connection.execute(sqlalchemy.text(f'DROP SCHEMA IF EXISTS "{namespace}" CASCADE'))
        connection.commit()

    _within(timeout, url, drop)


def _within(timeout: float, url: str, action: Callable[[Connection], None]) -> None:
    """Do something in a database, in a thread that is left alone if the database hangs."""
    # What is imported takes seconds on a busy machine, in which no database hangs.
    require("pipelines", "postgres")
    for module in ("lsst.daf.butler.registry.connectionString", "psycopg2"):
        importlib.import_module(module)

    def run() -> None:
        with _connect(url, timeout) as connection:
            action(connection)

    try:
        DaemonExecutor("database").submit(run).result(timeout)
    except concurrent.futures.TimeoutError:
        raise DatabaseError(
            f"The database {_name(url)} did not answer within {timeout:g} s.",
            remedy="Look whether its server runs, and is not stopped or overloaded.",
        ) from None


@contextlib.contextmanager
def _connect(url: str, timeout: float) -> Iterator[Connection]:
    import sqlalchemy
    from lsst.daf.butler.registry import RegistryConfig
    from lsst.daf.butler.registry.connectionString import ConnectionStringFactory

    try:
        # The Butler's own way from an address to an account.
        full = ConnectionStringFactory.fromConfig(RegistryConfig({"db": driver_url(url)}))
        engine = sqlalchemy.create_engine(
            full,
            poolclass=sqlalchemy.NullPool,
            connect_args={"connect_timeout": max(2, int(timeout))},
        )
        with engine.connect() as connection:
            yield connection
    except (sqlalchemy.exc.SQLAlchemyError, OSError, RuntimeError) as error:
        raise DatabaseError(
            f"The database {_name(url)} cannot be used: {said(error)}.",
            remedy="Look whether its server runs, and whether PGHOST, PGPORT, PGUSER and the "
            "password file are those of an account that may connect.",
        ) from error


def _check(connection: Connection) -> None:
    import sqlalchemy

    driver: Any = connection.connection.driver_connection
    where = driver.get_dsn_parameters()
    host = where.get("hostaddr") or where.get("host") or ""
    if not _is_here(host):
        raise DatabaseError(
            f"The database is on {host}, and a simulated observatory stays on its own machine.",
            remedy="Use a server on this machine, by its socket or localhost.",
        )
    has_gist, may_create, name = connection.execute(
        sqlalchemy.text(
            "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist'), "
            "has_database_privilege(current_database(), 'CREATE'), current_database()"
        )
    ).one()
    if not has_gist:
        raise DatabaseError(
            f"The database {name} lacks the extension btree_gist, which the Butler needs.",
            remedy=f'psql {name} -c "CREATE EXTENSION btree_gist"',
        )
    if not may_create:
        raise DatabaseError(
            f"This account may make no schema in the database {name}.",
            remedy=f"Have its owner GRANT CREATE ON DATABASE {name} to it.",
        )


def _is_here(host: str) -> bool:
    """Tell whether a host, as libpq names it, is this machine; a socket is a path."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name(url: str) -> str:
    return urllib.parse.urlsplit(url).path.removeprefix("/")


def said(error: BaseException) -> str:
    """Say what an error says, in one line.

    The database's errors begin with their class, and are followed by the statement and a web
    address.

    Parameters
    ----------
    error : `BaseException`
        The error.

    Returns
    -------
    line : `str`
        Without a full stop.
    """
    line = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return _CLASS_OF_ERROR.sub("", line) or type(error).__name__
