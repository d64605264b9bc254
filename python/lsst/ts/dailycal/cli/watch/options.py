# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that say how a run is shown."""

__all__ = ["display_options"]

import typing

import click

Function = typing.TypeVar("Function", bound=typing.Callable[..., typing.Any])


def display_options(function: Function) -> Function:
    """Add `--plain` and `--quiet` to a command."""
    options = (
        click.option("--plain", is_flag=True, help="Lines only, also on a terminal."),
        click.option(
            "-q", "--quiet", is_flag=True, help="Only what is wrong, and what came of it."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function
