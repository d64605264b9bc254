# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal version``."""

__all__ = ["version"]

import importlib.metadata
import platform

import click

from ..version import VERSION
from .help import ExampleCommand

_PACKAGES = (
    "ts-salobj",
    "ts-idl",
    "ts-xml",
    "ts-dds",
    "lsst-daf-butler",
    "lsst-pipe-base",
    "numpy",
)


@click.command(cls=ExampleCommand, examples=("dailycal version", "dailycal version --json"))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def version(*, as_json: bool) -> None:
    """Print the versions of what matters."""
    from .output import print_json

    found = {"ts-dailycal": VERSION, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if as_json:
        print_json(found)
        return
    for name, text in found.items():
        click.echo(f"{name:<16} {text}")
