# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events to lines of JSON and back."""

__all__ = ["Codec", "Entry"]

import dataclasses
import functools
import json
import typing

import cattrs
import cattrs.strategies

from ..model import JournalError

E = typing.TypeVar("E")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry(typing.Generic[E]):
    """One line of a journal."""

    number: int
    """Its number in the journal, from 0."""
    tai: float
    """When it was recorded, in seconds since 1970-01-01 00:00:00 TAI."""
    event: E
    """What happened."""


class Codec(typing.Generic[E]):
    """The format of a journal: which events it has, and how they are written.

    Parameters
    ----------
    events : `types.UnionType`
        The union of the classes of its events.
    version : `int`
        Version of the format; raised when an older reader could misread a newer journal.
    is_numbered : `bool`, optional
        Does a line have its number, so that one that is missing is noticed?
    """

    def __init__(self, events: typing.Any, *, version: int, is_numbered: bool = True) -> None:
        self.version = version
        self.is_numbered = is_numbered
        self._events = events

    @functools.cached_property
    def _converter(self) -> cattrs.Converter:
        converter = cattrs.Converter(forbid_extra_keys=False, detailed_validation=False)
        cattrs.strategies.configure_tagged_union(self._events, converter, tag_name="event")
        # Filters and gratings are named or numbered; JSON keeps the two apart by itself.
        converter.register_structure_hook(str | int | None, lambda value, _: value)
        return converter

    def encode(self, event: E, *, number: int, tai: float) -> str:
        """Write an event as one line of JSON (`str`).

        Parameters
        ----------
        event : event
            The event.
        number : `int`
            Its number in the journal, from 0.
        tai : `float`
            When it was recorded, in seconds since 1970-01-01 TAI.
        """
        line: dict[str, typing.Any] = {"version": self.version}
        if self.is_numbered:
            line["number"] = number
        line["tai"] = tai
        line["record"] = self._converter.unstructure(event, unstructure_as=self._events)
        return json.dumps(line, separators=(",", ":"), ensure_ascii=True)

    def decode(self, line: str, *, number: int = 0) -> Entry[E]:
        """Read a line of JSON (`Entry`).

        Parameters
        ----------
        line : `str`
            The line.
        number : `int`, optional
            Its number, for a format whose lines have none.

        Raises
        ------
        JournalError
            If the line is no event of a version that is known.
        """
        try:
            body = json.loads(line)
            self._check_version(body["version"])
            event = self._converter.structure(body["record"], self._events)
            number = int(body["number"]) if self.is_numbered else number
            return Entry(number, float(body["tai"]), event)
        except JournalError:
            raise
        except Exception as error:  # json, KeyError and whatever cattrs raises: one meaning
            raise JournalError(f"Not an event of a journal: {line[:200]!r} ({error!r}).") from error

    def _check_version(self, version: int) -> None:
        if version > self.version:
            raise JournalError(
                f"The journal has version {version}; this program reads up to {self.version}.",
                remedy="Use the newer ts_dailycal that wrote it.",
            )
