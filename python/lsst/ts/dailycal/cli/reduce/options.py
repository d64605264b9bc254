# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that both commands have."""

__all__ = ["rule_options"]

import typing
from collections.abc import Callable, Sequence

import click

F = typing.TypeVar("F", bound=Callable[..., object])

_OPTIONS = (
    click.option("--threshold", "failure_limit", type=click.IntRange(min=1), default=8,
                 show_default=True, metavar="N",
                 help="An exposure is bad when one test fails on this many amplifiers."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
)  # fmt: skip


def rule_options(rules: Sequence[str], text: str) -> Callable[[F], F]:
    """Make a decorator that adds the options of the accept rule, and ``--json``.

    Parameters
    ----------
    rules : `~collections.abc.Sequence` [`str`]
        The rules that can be chosen; the first one is the default.
    text : `str`
        What the help says of them.
    """
    rule = click.option(
        "--accept-rule", type=click.Choice(rules), default=rules[0], show_default=True, help=text
    )

    def decorate(command: F) -> F:
        for option in reversed((rule, *_OPTIONS)):
            command = option(command)
        return command

    return decorate
