# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that a person is told to type."""

__all__ = ["Command"]

import dataclasses
import shlex
import typing


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """A command as its words, so that what is printed can be typed as it stands."""

    words: tuple[str, ...]
    """The program and its arguments, unquoted."""

    @classmethod
    def parse(cls, text: str) -> typing.Self:
        """Read a command as a shell would."""
        return cls(tuple(shlex.split(text)))

    def with_(self, *words: str) -> typing.Self:
        """Return the command with more arguments."""
        return type(self)((*self.words, *words))

    def __str__(self) -> str:
        return shlex.join(self.words)
