# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command ``python -m ts_interfaces install``."""

from __future__ import annotations

import argparse
import pathlib
import sys

from .install import install_idl


def main() -> int:
    """Write the IDL files and say what was done."""
    parser = argparse.ArgumentParser(prog="python -m ts_interfaces", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    install = commands.add_parser("install", help="write the IDL files that salobj reads")
    install.add_argument("--folder", type=pathlib.Path, help="where to; ts_idl's by default")
    folder = parser.parse_args().folder
    if folder is None:
        from lsst.ts.idl import get_idl_dir

        folder = get_idl_dir()
    done = install_idl(folder)
    sys.stdout.write(
        f"{folder}: {len(done.written)} IDL files written, {len(done.unchanged)} as they were\n"
    )
    if done.foreign:
        names = ", ".join(done.foreign)
        sys.stdout.write(f"left alone, because they are not ours: {names}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
