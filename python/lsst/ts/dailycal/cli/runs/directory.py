# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option that says where the runs are: the same directory that `dailycal run` was given."""

__all__ = ["DIRECTORY_OPTION"]

from pathlib import Path

import click

from ..simulate.directory import is_ours


def _journals_in(_: click.Context, __: click.Parameter, directory: Path | None) -> Path | None:
    """Take the directory of a simulated observatory for that of its journals."""
    return directory / "journal" if directory is not None and is_ours(directory) else directory


DIRECTORY_OPTION = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    callback=_journals_in,
    help="Directory of the simulated observatory, as for `dailycal run`, or that of the journals.  "
    "[default: $DAILYCAL_JOURNAL_DIR, or the user's state directory and the simulated "
    "observatories in ./run and ./rehearsal]",
)
