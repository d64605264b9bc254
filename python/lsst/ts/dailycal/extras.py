# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is not installed with every ts_dailycal, and which extra brings it."""

__all__ = ["EXTRAS", "NOT_INSTALLED", "MissingExtraError", "missing_extra", "require"]

import importlib.util
import typing
from collections.abc import Mapping, Sequence


class Extra(typing.NamedTuple):
    """What an extra of the distribution brings."""

    needed: str
    """Module whose presence is asked for."""
    packages: tuple[str, ...]
    """Beginnings of the names of all modules that come with it."""
    advice: str
    """How it is installed."""


EXTRAS: Mapping[str, Extra] = {
    "sal": Extra(
        "lsst.ts.salobj",
        ("lsst.ts.salobj", "lsst.ts.idl", "lsst.ts.xml", "lsst.ts.utils", "dds", "ddsutil"),
        "the environment of a script queue has it; elsewhere `make env` in a checkout installs it",
    ),
    "pipelines": Extra(
        "lsst.daf.butler",
        (
            "astro_metadata_translator",
            "lsst.daf",
            "lsst.pipe",
            "lsst.ctrl",
            "lsst.pex",
            "lsst.resources",
            "lsst.utils",
        ),
        "pip install 'ts-dailycal[pipelines]'",
    ),
    "reduce": Extra(
        "astro_metadata_translator",
        ("astro_metadata_translator",),
        "pip install 'ts-dailycal[reduce]'",
    ),
    "postgres": Extra("psycopg2", ("psycopg2",), "pip install 'ts-dailycal[postgres]'"),
    "slack": Extra("slack_sdk", ("slack_sdk",), "pip install 'ts-dailycal[slack]'"),
    "views": Extra(
        "matplotlib",
        ("aiohttp", "jinja2", "matplotlib", "PIL"),
        "pip install 'ts-dailycal[views]'",
    ),
    "testing": Extra(
        "psutil", ("psutil", "pytest", "pytest_asyncio"), "pip install 'ts-dailycal[testing]'"
    ),
}

NOT_INSTALLED = 72
"""Exit code of commands and scripts that lack an extra: EX_OSFILE of sysexits.h."""


class MissingExtraError(ModuleNotFoundError):
    """Something is asked for that needs extras which are not installed.

    Parameters
    ----------
    extras : `~collections.abc.Sequence` [`str`]
        Their names.
    """

    def __init__(self, extras: Sequence[str]) -> None:
        found = [EXTRAS[name] for name in extras]
        modules = " and ".join(extra.needed for extra in found)
        names = " and ".join(extras)
        verb, plural = ("is", "") if len(found) == 1 else ("are", "s")
        self.advice = "; ".join(extra.advice for extra in found)
        super().__init__(
            f"{modules} {verb} not installed, which this needs (extra{plural} {names}): "
            f"{self.advice}.",
            name=found[0].needed,
        )


def missing_extra(error: ModuleNotFoundError) -> MissingExtraError | None:
    """Tell which extra would have brought a module that was not found.

    Parameters
    ----------
    error : `ModuleNotFoundError`
        What Python said.

    Returns
    -------
    error : `MissingExtraError` or `None`
        `None` if the module comes with no extra, or the extra is installed all the same: then
        something is wrong with the module, and not with the choice of extras.
    """
    if isinstance(error, MissingExtraError):
        return error
    for name, extra in EXTRAS.items():
        if _is_of(error.name or "", extra) and not _is_installed(extra):
            return MissingExtraError([name])
    return None


def require(*names: str) -> None:
    """Make sure that extras are installed, before anything is written or started.

    Raises
    ------
    MissingExtraError
        If some are not.
    """
    missing = [name for name in names if not _is_installed(EXTRAS[name])]
    if missing:
        raise MissingExtraError(missing)


def _is_of(module: str, extra: Extra) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in extra.packages)


def _is_installed(extra: Extra) -> bool:
    try:
        return importlib.util.find_spec(extra.needed) is not None
    except ModuleNotFoundError:  # the package above it is not there either
        return False
