# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the stand-ins into the environment whose Python runs this.

    .venv/bin/python standins/install.py [--copy]

Nothing is installed where the real ts_dds, ts_ddsconfig or ts_utils are: an observatory
keeps what it has. Only the standard library is needed, and pip or uv.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import pathlib
import shutil
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
MARK = "+dailycal"
"""The local part of the version of a stand-in."""
MODULES = {
    "ts-dds": ("dds", "ddsutil"),
    "ts-ddsconfig": ("lsst.ts.ddsconfig",),
    "ts-utils": ("lsst.ts.utils",),
    "ts-interfaces": ("ts_interfaces",),
}


class Refusal(Exception):
    """The environment is not one for stand-ins."""


def find_spec(module: str) -> importlib.machinery.ModuleSpec | None:
    """Return where a module would come from; `None` if it is not there."""
    try:
        return importlib.util.find_spec(module)
    except ImportError:  # its parent package is not there
        return None


def check_environment() -> None:
    """Refuse an environment that has the real thing.

    Raises
    ------
    Refusal
        If something that is not ours has the name of a stand-in.
    """
    for name, modules in MODULES.items():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = None
        if version is not None:
            if MARK not in version:
                raise Refusal(
                    f"this environment has the real {name} {version}; the stand-ins are for"
                    " environments without it, and nothing was changed"
                )
            continue
        for module in modules:
            spec = find_spec(module)
            if spec is not None and spec.origin is not None:
                raise Refusal(
                    f"this environment has a module {module} that is not ours, at"
                    f" {spec.origin}; nothing was changed"
                )


def installer() -> list[str]:
    """Return the beginning of the command that installs into this environment.

    Raises
    ------
    Refusal
        If there is neither pip nor uv.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install", "--quiet"]
    beside = pathlib.Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise Refusal("neither pip nor uv was found; install one of them and try again")
    return [uv, "pip", "install", "--quiet", "--python", sys.executable]


def has_build_backend() -> bool:
    """Return whether setuptools is here already and new enough, so that none is fetched."""
    try:
        return int(importlib.metadata.version("setuptools").split(".")[0]) >= 77
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return False


def main() -> int:
    """Check, install, write the IDL files."""
    parser = argparse.ArgumentParser(description="Install the stand-ins for what PyPI lacks.")
    parser.add_argument(
        "--copy", action="store_true", help="install copies instead of links to this folder"
    )
    copies = parser.parse_args().copy
    try:
        check_environment()
        command = installer()
    except Refusal as refusal:
        sys.stderr.write(f"standins/install.py: {refusal}\n")
        return 1
    command.append("--no-deps")
    if has_build_backend():
        command.append("--no-build-isolation")
    for name in MODULES:
        command += [str(FOLDER / name)] if copies else ["--editable", str(FOLDER / name)]
    done = subprocess.run(command, check=False)
    if done.returncode:
        return done.returncode
    # A new process, because this one does not know the packages that were just installed.
    return subprocess.run(
        [sys.executable, "-m", "ts_interfaces", "install"], check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
