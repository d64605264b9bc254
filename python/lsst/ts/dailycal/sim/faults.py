# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults: what goes wrong in the simulated observatory, and when.

Written ``name[@when][:parameter=value,...]``, for example ``end_readout_lost@DARK/3`` or
``ingest_late@2-4:delay=90``. The parts of ``when`` are separated by a slash, in any order:

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

__all__ = ["ONCE", "Came", "Fault", "FaultSchedule", "Occasion", "When"]

import dataclasses
import enum
import logging
import re
import typing
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from .fault_kind import FaultKind
from .fault_kinds import FAULT_KINDS

_log = logging.getLogger(__name__)

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


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """A fault that will happen."""

    kind: FaultKind
    """What goes wrong."""
    when: When = ONCE
    """When it does."""
    values: tuple[tuple[str, float | str], ...] = ()
    """Parameters that are not the default, by name."""

    @classmethod
    def parse(cls, text: str) -> typing.Self:
        """Read the text form.

        Raises
        ------
        ValueError
            If the fault or a parameter is unknown, or something cannot be read.
        """
        head, colon, tail = _split_parameters(text)
        name, at, when = head.partition("@")
        if name not in FAULT_KINDS:
            raise ValueError(f"There is no fault {name!r}; `dailycal faults` lists them.")
        kind = FAULT_KINDS[name]
        try:
            parsed_when = When.parse(when) if at else ONCE
            values = _parse_values(kind, tail) if colon else ()
        except ValueError as error:
            raise ValueError(f"Fault {text!r}: {error}.") from None
        return cls(kind=kind, when=parsed_when, values=values)

    @property
    def name(self) -> str:
        """Name of its kind (`str`)."""
        return self.kind.name

    def number(self, name: str) -> float:
        """Value of a numerical parameter (`float`)."""
        return float(self._value(name))

    def text(self, name: str) -> str:
        """Value of a parameter as text (`str`)."""
        return str(self._value(name))

    def _value(self, name: str) -> float | str:
        defaults = {parameter.name: parameter.default for parameter in self.kind.parameters}
        return {**defaults, **dict(self.values)}[name]

    def __str__(self) -> str:
        when = str(self.when)
        values = ",".join(
            f"{name}={value if isinstance(value, str) else format(value, '.12g')}"
            for name, value in self.values
        )
        return self.name + (f"@{when}" if when else "") + (f":{values}" if values else "")


def _split_parameters(text: str) -> tuple[str, str, str]:
    """Split at the colon before the parameters; a component such as OCPS:1 has one too."""
    match = re.search(r":(?=[a-z_]+=)", text)
    if match is None:
        return (text[:-1], ":", "") if text.endswith(":") else (text, "", "")
    return text[: match.start()], ":", text[match.end() :]


def _parse_values(kind: FaultKind, text: str) -> tuple[tuple[str, float | str], ...]:
    known = {parameter.name: parameter for parameter in kind.parameters}
    values: dict[str, float | str] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals or name not in known:
            raise ValueError(f"{part!r} is none of its parameters ({', '.join(known) or 'none'})")
        if name in values:
            raise ValueError(f"{name} is given twice")
        default = known[name].default
        values[name] = value if isinstance(default, str) else float(value)
    return tuple(values.items())


class Came(enum.StrEnum):
    """What came of an occasion that fits a fault."""

    STRUCK = "struck"
    """It struck."""
    LASTS = "lasts"
    """It holds from now on."""
    EARLY = "early"
    """Its time had not come."""
    SPARED = "spared"
    """Chance spared it."""
    UNCOUNTED = "uncounted"
    """It strikes at another time of counting."""


@dataclasses.dataclass(frozen=True, slots=True)
class Occasion:
    """A moment at which a fault could have struck, since its words fit."""

    fault: str
    """The fault."""
    came: Came
    """What came of it."""
    about: tuple[str, ...]
    """What the occasion was about."""
    elapsed: float
    """Simulated seconds since the start."""


class FaultSchedule:
    """Says at each injection point whether a fault strikes there now.

    Parameters
    ----------
    faults : `~collections.abc.Iterable` [`Fault`]
        What will go wrong.
    seed : `int`
        Seed of the faults that strike by chance.
    elapsed : `~collections.abc.Callable`
        Gives the simulated seconds since the start.
    note : `~collections.abc.Callable`
        Is told of every occasion that fits a fault.
    """

    def __init__(
        self,
        faults: Iterable[Fault],
        seed: int,
        elapsed: Callable[[], float] = lambda: 0.0,
        note: Callable[[Occasion], None] = lambda _: None,
    ) -> None:
        self._faults = tuple(faults)
        self._counts = [0] * len(self._faults)
        self._elapsed = elapsed
        self._note = note
        self._generators = [
            np.random.default_rng([seed, 0xFA17, number]) for number in range(len(self._faults))
        ]
        self._lasting: set[Fault] = set()
        self.struck: list[Fault] = []

    def hit(self, point: str, **context: object) -> Fault | None:
        """Ask whether a fault strikes; each call is an occasion, and is counted.

        Parameters
        ----------
        point : `str`
            The injection point.
        **context
            What the occasion is about; the words of a fault must be among the values.

        Returns
        -------
        fault : `Fault` or `None`
            The first one that strikes.
        """
        found = self._find(point, context)
        if not found:
            return None
        self._tell(found[0][0], point, context)
        return found[0][0]

    def hits(self, point: str, **context: object) -> tuple[tuple[Fault, int], ...]:
        """Ask which faults strike, where one does not exclude another.

        Parameters
        ----------
        point, **context
            As for `hit`.

        Returns
        -------
        found : `tuple` [`tuple` [`Fault`, `int`]]
            Each fault that strikes, and how often it has done so.
        """
        found = self._find(point, context)
        for fault, _ in found:
            self._tell(fault, point, context)
        return tuple(found)

    def _find(self, point: str, context: Mapping[str, object]) -> list[tuple[Fault, int]]:
        about = tuple(str(value) for value in context.values())
        found = []
        for number, fault in enumerate(self._faults):
            if fault.kind.point != point or not set(about).issuperset(fault.when.words):
                continue
            elapsed = self._elapsed()
            came = self._judge(number, fault.when, elapsed)
            self._note(Occasion(str(fault), came, about, elapsed))
            if came is Came.STRUCK:
                found.append((fault, self._counts[number] - fault.when.first + 1))
        return found

    def _tell(self, fault: Fault, point: str, context: Mapping[str, object]) -> None:
        self.struck.append(fault)
        about = sorted(str(value) for value in context.values())
        _log.info("Fault %s strikes: %s.", fault, ", ".join(about) or point)

    def _judge(self, number: int, when: When, elapsed: float) -> Came:
        if elapsed < when.after:
            return Came.EARLY
        if when.chance < 1 and self._generators[number].random() >= when.chance:
            return Came.SPARED
        self._counts[number] += 1
        count = self._counts[number]
        due = when.first <= count and (when.last is None or count <= when.last)
        return Came.STRUCK if due else Came.UNCOUNTED

    def lasting(self, point: str, **context: object) -> tuple[Fault, ...]:
        """Find the faults that last: they hold from their time on, however often one asks.

        The number of times plays no part, and nothing is counted.
        """
        about = {str(value) for value in context.values()}
        found = tuple(
            fault
            for fault in self._faults
            if fault.kind.point == point
            and about.issuperset(fault.when.words)
            and self._elapsed() >= fault.when.after
        )
        for fault in found:
            # Asked for again and again, and told once.
            if fault not in self._lasting:
                self._lasting.add(fault)
                about_now = tuple(str(value) for value in context.values())
                self._note(Occasion(str(fault), Came.LASTS, about_now, self._elapsed()))
                _log.info("Fault %s strikes, and lasts.", fault)
        return found
