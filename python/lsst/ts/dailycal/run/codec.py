# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events to JSON and back."""

__all__ = ["JOURNAL_VERSION", "decode", "encode"]

import functools
import json
import typing

import cattrs
import cattrs.strategies

from ..model import Event, JournalError

JOURNAL_VERSION = 1
"""Version of the format; raised when an older reader could misread a newer journal."""


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


def decode(line: str) -> tuple[int, Event]:
    """Read an event from a line of JSON.

    Returns
    -------
    number : `int`
        Its number in the journal.
    event : `Event`
        The event.

    Raises
    ------
    JournalError
        If the line is no event of a version that is known.
    """
    try:
        body = json.loads(line)
        _check_version(body["version"])
        float(body["tai"])
        number = int(body["number"])
        event: Event = _converter().structure(body["record"], Event)  # type: ignore[arg-type]
    except JournalError:
        raise
    except Exception as error:  # json, KeyError and whatever cattrs raises: one meaning
        raise JournalError(f"Not an event of a journal: {line[:200]!r} ({error!r}).") from error
    return number, event


def _check_version(version: int) -> None:
    if version > JOURNAL_VERSION:
        raise JournalError(
            f"The journal has version {version}; this program reads up to {JOURNAL_VERSION}.",
            remedy="Use the newer ts_dailycal that wrote it.",
        )
