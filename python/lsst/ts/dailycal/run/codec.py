# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events to JSON and back."""

__all__ = ["JOURNAL_VERSION", "Entry", "check_version", "decode", "decode_entry", "encode"]

import dataclasses
import functools
import json
import typing

import cattrs
import cattrs.strategies

from ..model import Event, JournalError

JOURNAL_VERSION = 1
"""Version of the format; raised when an older reader could misread a newer journal."""


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One line of a journal."""

    number: int
    """Its number in the journal."""
    tai: float
    """When it was recorded, in seconds since 1970-01-01 00:00:00 TAI."""
    event: Event
    """What happened."""


@functools.cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=False, detailed_validation=False)
    cattrs.strategies.configure_tagged_union(Event, converter, tag_name="event")
    # Filters and gratings are named or numbered; JSON keeps the two apart by itself.
    converter.register_structure_hook(str | int | None, lambda value, _: value)
    return converter


def encode(event: Event, *, number: int, tai: float) -> str:
    """Write an event as one line of JSON.

    Parameters
    ----------
    event : `Event`
        The event.
    number : `int`
        Its number in the journal, from 0.
    tai : `float`
        When it was recorded, in seconds since 1970-01-01 TAI.
    """
    body: dict[str, typing.Any] = _converter().unstructure(event, unstructure_as=Event)
    line = {"version": JOURNAL_VERSION, "number": number, "tai": tai, "record": body}
    return json.dumps(line, separators=(",", ":"), ensure_ascii=True)


def decode_entry(line: str) -> Entry:
    """Read a line of JSON (`Entry`).

    Raises
    ------
    JournalError
        If the line is no event of a version that is known.
    """
    try:
        body = json.loads(line)
        check_version(body["version"])
        event: Event = _converter().structure(body["record"], Event)  # type: ignore[arg-type]
        return Entry(int(body["number"]), float(body["tai"]), event)
    except JournalError:
        raise
    except Exception as error:  # json, KeyError and whatever cattrs raises: one meaning
        raise JournalError(f"Not an event of a journal: {line[:200]!r} ({error!r}).") from error


def decode(line: str) -> tuple[int, Event]:
    """Read the number and the event of a line of JSON (`tuple` [`int`, `Event`]).

    Raises
    ------
    JournalError
        If the line is no event of a version that is known.
    """
    entry = decode_entry(line)
    return entry.number, entry.event


def check_version(version: int, known: int = JOURNAL_VERSION) -> None:
    """Refuse a journal that a newer program wrote.

    Parameters
    ----------
    version : `int`
        Version of the journal.
    known : `int`
        The newest version that is known.

    Raises
    ------
    JournalError
        If it is newer.
    """
    if version > known:
        raise JournalError(
            f"The journal has version {version}; this program reads up to {known}.",
            remedy="Use the newer ts_dailycal that wrote it.",
        )
