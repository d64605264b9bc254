# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Help texts with examples."""

__all__ = ["SETTINGS", "ExampleCommand", "write_examples"]

import typing
from collections.abc import Sequence

import click

SETTINGS: dict[str, typing.Any] = {
    "help_option_names": ["-h", "--help"],
    "max_content_width": 100,
}
"""Context settings of every command."""


class ExampleCommand(click.Command):
    """A command whose help ends with examples.

    Parameters
    ----------
    *args, **kwargs
        As for `click.Command`.
    examples : `~collections.abc.Sequence` [`str`]
        Command lines that work.
    """

    def __init__(
        self, *args: typing.Any, examples: Sequence[str] = (), **kwargs: typing.Any
    ) -> None:
        kwargs.setdefault("context_settings", SETTINGS)
        super().__init__(*args, **kwargs)
        self._examples = tuple(examples)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, and then the examples."""
        super().format_options(ctx, formatter)
        write_examples(formatter, self._examples)


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """Write command lines as they are, without wrapping."""
    if examples:
        with formatter.section("Examples" if len(examples) > 1 else "Example"):
            for line in examples:
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
