# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal faults``."""

__all__ = ["faults"]

import click

from .help import ExampleCommand


@click.command(
    cls=ExampleCommand,
    examples=("dailycal faults", "dailycal rehearse --small --fault end_readout_lost@DARK/3"),
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def faults(*, as_json: bool) -> None:
    """List the faults that can be rehearsed, and what the observer will see of each."""
    from ..sim.faults.kinds import FAULT_KINDS
    from .output import make_console, print_json

    if as_json:
        for kind in FAULT_KINDS.values():
            print_json(kind)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Fault", no_wrap=True)
    table.add_column("What is seen of it")
    table.add_column("Parameters")
    for kind in FAULT_KINDS.values():
        parameters = [f"{item.name}={item.default} ({item.help})" for item in kind.parameters]
        table.add_row(kind.name, Text(kind.help), Text("; ".join(parameters)))
    make_console().print(table)
