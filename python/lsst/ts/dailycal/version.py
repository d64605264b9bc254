# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Version of ts_dailycal, and of what it works with."""

__all__ = ["VERSION", "installed_versions"]

import functools
import importlib.metadata
import platform

VERSION = "0.1.0"
_DISTRIBUTIONS = ("ts-salobj", "ts-xml", "lsst-daf-butler", "lsst-pipe-base")


@functools.cache
def installed_versions() -> tuple[tuple[str, str], ...]:
    """Return name and version of what is installed here, of what decides how a run goes.

    Packages that eups sets up have no version here; what the pipelines were is in the Butler.
    """
    found = [("ts_dailycal", VERSION), ("Python", platform.python_version())]
    for name in _DISTRIBUTIONS:
        try:
            found.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            continue
    return tuple(found)
