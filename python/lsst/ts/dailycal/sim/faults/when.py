# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a fault strikes, written for example ``DARK/3``.

The parts are separated by a slash, in any order:

=========  =======================================================================
``3``      the third time that everything else holds
``2-4``    from the second to the fourth time; ``2-`` from the second on
``*``      every time
``300s``   not before 300 simulated seconds after the start
``10%``    each time with this probability
a word     only where the word fits: an image type, a component, a step, a job
=========  =======================================================================

Without any of the first four it strikes once, the first time.
"""

__all__ = ["ONCE", "When"]

import dataclasses
import re
import typing

_COUNT = re.compile(r"(?P<first>[1-9]\d{0,8})(?P<dash>-(?P<last>[1-9]\d{0,8})?)?")
_TIME = re.compile(r"(\d+(?:\.\d+)?)s")
_CHANCE = re.compile(r"(\d+(?:\.\d+)?)%")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_:]*")


@dataclasses.dataclass(frozen=True, slots=True)
class When:
    """When a fault strikes."""

    first: int = 1
    """The first time that it strikes, counted from 1."""
    last: int | None = 1
    """The last time; `None` for no end."""
    words: tuple[str, ...] = ()
    """What the occasion must be about."""
    after: float = 0.0
    """Simulated seconds since the start, before which it does not strike."""
    chance: float = 1.0
    """Probability that it strikes at an occasion that fits."""

    @classmethod
    def parse(cls, text: str) -> typing.Self:
        """Read the part after ``@``.

        Raises
        ------
        ValueError
            If a part is none of those that the module lists, or is there twice.
        """
        found: dict[str, typing.Any] = {}
        words: list[str] = []
        for part in text.split("/"):
            new = _parse_part(part, text)
            if "word" in new:
                words.append(new["word"])
            elif any(key in found for key in new):
                raise ValueError(f"{text!r} says twice when a fault strikes")
            else:
                found |= new
        if "chance" in found and "first" not in found:
            found["last"] = None
        return cls(words=tuple(words), **found)

    def __str__(self) -> str:
        parts = list(self.words)
        if self.after:
            parts.append(f"{self.after:g}s")
        if self.chance < 1:
            parts.append(f"{100 * self.chance:g}%")
        implied = (1, None if self.chance < 1 else 1)
        if (self.first, self.last) != implied:
            parts.append(_format_count(self.first, self.last))
        return "/".join(parts)


ONCE = When()
"""The first time (`When`)."""


def _parse_part(part: str, text: str) -> dict[str, typing.Any]:
    if part == "*":
        return {"first": 1, "last": None}
    if match := _COUNT.fullmatch(part):
        first = int(match["first"])
        if match["dash"] is None:
            return {"first": first, "last": first}
        last = int(match["last"]) if match["last"] else None
        if last is not None and last < first:
            raise ValueError(f"{part!r} in {text!r} ends before it begins")
        return {"first": first, "last": last}
    if match := _TIME.fullmatch(part):
        return {"after": float(match[1])}
    if match := _CHANCE.fullmatch(part):
        chance = float(match[1]) / 100
        if not 0 < chance <= 1:
            raise ValueError(f"{part!r} in {text!r} is not a probability")
        return {"chance": chance}
    if _WORD.fullmatch(part):
        return {"word": part}
    raise ValueError(f"{part!r} does not say when a fault strikes")


def _format_count(first: int, last: int | None) -> str:
    if last is None:
        return "*" if first == 1 else f"{first}-"
    return str(first) if last == first else f"{first}-{last}"
