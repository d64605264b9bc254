# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start a script from its executable.

The queue and the Scheduler ask every script for its schema, with ``<script> 0 --schema``, while
an observer waits. salobj takes more than a second to import, so it is imported only by a script
that is going to run.
"""

__all__ = ["run", "schema", "schema_text", "scripts_dir"]

import argparse
import asyncio
import importlib
import importlib.resources
import pathlib
import sys
import typing
from collections.abc import Sequence

PACKAGE = "lsst.ts.dailycal"


def schema_text(schema_name: str) -> str:
    """Return the schema of a script's configuration as YAML text (`str`).

    Parameters
    ----------
    schema_name : `str`
        Name of the file without ``.yaml`` in ``scripts/data``, or ``room:name`` for one in
        the ``data`` folder of another room, e.g. ``calibration:make_latiss_calibrations``.
    """
    room, _, name = schema_name.rpartition(":")
    data = importlib.resources.files(PACKAGE).joinpath(room or "scripts", "data")
    return data.joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def schema(schema_name: str) -> dict[str, typing.Any]:
    """Return the schema of a script's configuration, parsed (`dict`)."""
    import yaml

    parsed = yaml.safe_load(schema_text(schema_name))
    assert isinstance(parsed, dict)  # noqa: S101 - our own file
    return parsed


def scripts_dir() -> pathlib.Path:
    """Return the folder of the executables, as the script queue wants it (`~pathlib.Path`)."""
    return pathlib.Path(str(importlib.resources.files(PACKAGE).joinpath("data", "scripts")))


def run(class_path: str, schema_name: str, arguments: Sequence[str] | None = None) -> None:
    """Run a script, or print its schema; does not return unless it printed the schema.

    Parameters
    ----------
    class_path : `str`
        The script's class as ``module:Class``; imported only when it is going to run.
    schema_name : `str`
        Its schema, see `schema_text`.
    arguments : `~collections.abc.Sequence` [`str`], optional
        Arguments of the command line; those of the process if omitted.

    Raises
    ------
    SystemExit
        With 0 for DONE and STOPPED and another number for any other end, as salobj does it,
        with 2 for a command line that cannot be understood, and with 72 without salobj.
    """
    if arguments is not None:
        sys.argv[1:] = arguments
    parser = argparse.ArgumentParser(prog=pathlib.Path(sys.argv[0]).name)
    parser.add_argument("index", type=int, help="Script index; must be unique among scripts.")
    parser.add_argument(
        "--schema", action="store_true", help="Print the configuration schema and end."
    )
    # A later salobj may know more options than these: they are for it to judge.
    known, _ = parser.parse_known_args()
    if known.schema:
        sys.stdout.write(schema_text(schema_name))
        return
    module_name, _, class_name = class_path.partition(":")
    try:
        script_class = getattr(importlib.import_module(module_name), class_name)
    except ModuleNotFoundError as error:
        from ..extras import NOT_INSTALLED, missing_extra

        missing = missing_extra(error)
        if missing is None:
            raise
        sys.stderr.write(f"{parser.prog}: {missing}\n")
        sys.exit(NOT_INSTALLED)
    asyncio.run(script_class.amain())
