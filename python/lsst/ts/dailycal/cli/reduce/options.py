# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that both commands have."""

__all__ = ["rule_options"]

import typing
from collections.abc import Callable

import click

F = typing.TypeVar("F", bound=Callable[..., object])

_OPTIONS = (
    click.option("--threshold", "failure_limit", type=click.IntRange(min=1), default=8,
                 show_default=True, metavar="N",
                 help="An exposure is bad when one test fails on this many amplifiers."),
    click.option("--accept-rule", type=click.Choice(["exposures", "upstream"]),
                 default="exposures", show_default=True,
                 help="How exposures are counted. The script's rule `evidence` needs a whole "
                      "run, and is not applied here."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
)  # fmt: skip


def rule_options(command: F) -> F:
    """Add the options of the accept rule, and ``--json``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
