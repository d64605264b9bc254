# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address of a PostgreSQL database, and of the schema in it that is a repository's."""

from __future__ import annotations

__all__ = ["database_of", "driver_url", "new_namespace", "url_problem"]

import re
import urllib.parse
import uuid
from pathlib import Path

import yaml

_FORM = "postgresql://[USER@HOST[:PORT]]/NAME, e.g. postgresql:///dailycal"
_SCHEMES = ("postgresql", "postgresql+psycopg2")
_SECRETS = ("password", "sslpassword")
_NAMESPACE = re.compile(r"dailycal_[0-9a-f]{12}")


def url_problem(url: str) -> str | None:
    """Look what is wrong with the address of a database, without connecting to it.

    Parameters
    ----------
    url : `str`
        The address. Is never repeated in the answer: it might hold a password.

    Returns
    -------
    problem : `str` or `None`
        One sentence; `None` if nothing is wrong.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port, password = parts.port, parts.password
        keys = {key.lower() for key, _ in urllib.parse.parse_qsl(parts.query)}
    except ValueError:
        return f"The database must be given as {_FORM}."
    if password is not None or keys & set(_SECRETS):
        return (
            "The address of the database must not hold a password; put it in ~/.pgpass, "
            "PGPASSWORD or db-auth.yaml."
        )
    if parts.scheme not in _SCHEMES or port == 0 or not re.fullmatch(r"/[^/]+", parts.path):
        return f"The database must be given as {_FORM}."
    return None


def driver_url(url: str) -> str:
    """Name the driver in an address (`str`).

    The Butler works with psycopg2 only, and SQLAlchemy 2.1 takes another one unasked.
    """
    return f"{_SCHEMES[1]}://{url.split('://', 1)[1]}"


def new_namespace() -> str:
    """Name a schema that nobody else has (`str`)."""
    return f"dailycal_{uuid.uuid4().hex[:12]}"


def database_of(repository: str | Path) -> tuple[str, str] | None:
    """Find where a repository that we made has its registry.

    Parameters
    ----------
    repository : `str` or `pathlib.Path`
        Directory of the repository.

    Returns
    -------
    found : `tuple` [`str`, `str`] or `None`
        Address of the database, and schema; `None` if it is not PostgreSQL, or not ours.
    """
    try:
        text = (Path(repository) / "butler.yaml").read_text(encoding="utf-8")
        registry = yaml.safe_load(text)["registry"]
        url, namespace = str(registry["db"]), str(registry["namespace"])
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return None
    return (url, namespace) if _NAMESPACE.fullmatch(namespace) else None
