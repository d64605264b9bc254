# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal schema``."""

__all__ = ["schema"]

import click

from .help import ExampleCommand


@click.command(cls=ExampleCommand, examples=("dailycal schema", "dailycal schema status"))
@click.argument("name", required=False)
def schema(name: str | None) -> None:
    """Print the JSON schema of what commands print with --json.

    Without NAME, list the names. `line` is what commands print that carry something out, and
    holds the object by which every command tells why it failed.
    """
    from .json_outputs import OUTPUTS
    from .output import make_console, print_json

    if name is not None and name in OUTPUTS:
        print_json(OUTPUTS[name].make())
        return
    if name is not None:
        raise click.UsageError(f"There is no schema {name!r}; there are {', '.join(OUTPUTS)}.")
    from ..report.table import styled_table

    table = styled_table("Name", "What it is of", "Printed by")
    for key, output in OUTPUTS.items():
        table.add_row(key, output.text, ", ".join(output.commands))
    make_console().print(table)
