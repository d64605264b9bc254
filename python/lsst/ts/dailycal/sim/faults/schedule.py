# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""At which occasions faults strike."""

__all__ = ["Came", "FaultSchedule", "Occasion"]

import dataclasses
import enum
import logging
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from .fault import Fault
from .when import When

_log = logging.getLogger(__name__)


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
