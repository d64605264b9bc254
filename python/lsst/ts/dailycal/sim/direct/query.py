# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what OCPS is asked: the options of ``pipetask run`` and the data query."""

__all__ = ["DataQuery", "PipelineOptions", "parse_data_query", "parse_options"]

import dataclasses
import re
import shlex
from collections.abc import Iterator, Sequence

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+)|(?P<text>'[^']*')|(?P<range>\.\.)|(?P<word>\w+(?:\.\w+)*)|(?P<sign>[=(),:]))"
)
_MOST = 10_000  # values in a range


@dataclasses.dataclass(frozen=True, slots=True)
class PipelineOptions:
    """Options of ``pipetask run``."""

    processes: int
    """How many processes to use."""
    inputs: tuple[str, ...]
    """Input collections, in the order in which they are searched."""
    register: bool
    """Are new dataset types registered?"""
    changes: tuple[tuple[str, str, str], ...]
    """Task, field and value of every change of the configuration."""


def parse_options(text: str) -> PipelineOptions:
    """Read the options.

    Parameters
    ----------
    text : `str`
        For example ``-j 2 -i LATISS/calib --register-dataset-types -c isr:skip=3``.

    Raises
    ------
    ValueError
        If an option is unknown or lacks its value.
    """
    processes, register = 1, False
    inputs: list[str] = []
    changes: list[tuple[str, str, str]] = []
    words = iter(shlex.split(text))
    for word in words:
        if word in ("-j", "--processes"):
            processes = int(_value(word, words))
        elif word in ("-i", "--input"):
            inputs += [name for name in _value(word, words).split(",") if name]
        elif word == "--register-dataset-types":
            register = True
        elif word in ("-c", "--config"):
            changes.append(_parse_change(_value(word, words)))
        else:
            raise ValueError(f"no such option: {word}")
    if processes < 1:
        raise ValueError(f"{processes} processes are too few")
    return PipelineOptions(processes, tuple(dict.fromkeys(inputs)), register, tuple(changes))


def _value(option: str, words: Iterator[str]) -> str:
    value = next(words, None)
    if value is None:
        raise ValueError(f"option {option} needs a value")
    return value


def _parse_change(text: str) -> tuple[str, str, str]:
    task, colon, rest = text.partition(":")
    field, equals, value = rest.partition("=")
    if not (task and colon and field and equals):
        raise ValueError(f"{text!r} is not of the form task:field=value")
    return task, field, value


@dataclasses.dataclass(frozen=True, slots=True)
class DataQuery:
    """Which data are wanted; an empty tuple does not restrict."""

    instruments: tuple[str, ...] = ()
    """Names of instruments."""
    detectors: tuple[int, ...] = ()
    """Detector numbers."""
    exposures: tuple[int, ...] = ()
    """Exposure ids."""


def parse_data_query(text: str) -> DataQuery:
    """Read an expression of the kind that the calibration scripts use.

    Parameters
    ----------
    text : `str`
        Conditions joined by AND, each a dimension and a value or a list: for example
        ``instrument='LATISS' AND detector IN (0) AND exposure IN (1, 3..7)``.

    Raises
    ------
    ValueError
        If it is something else.
    """
    tokens = _tokenize(text)
    found: dict[str, tuple[str | int, ...]] = {}
    place = 0
    while True:
        name, values, place = _parse_condition(tokens, place)
        if name in found:
            raise ValueError(f"{name} is there twice")
        found[name] = values
        if place == len(tokens):
            break
        if tokens[place].upper() != "AND":
            raise ValueError(f"expected AND, got {tokens[place]!r}")
        place += 1
    known = {"instrument": str, "detector": int, "exposure": int}
    for name, values in found.items():
        if name not in known:
            raise ValueError(f"unknown dimension {name!r}")
        if not all(isinstance(value, known[name]) for value in values):
            raise ValueError(f"{name} has a value of the wrong kind")
    return DataQuery(
        instruments=tuple(str(value) for value in found.get("instrument", ())),
        detectors=tuple(int(value) for value in found.get("detector", ())),
        exposures=tuple(int(value) for value in found.get("exposure", ())),
    )


def _tokenize(text: str) -> list[str]:
    tokens: list[str] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"cannot read {text[place:].strip()!r}")
        tokens.append(match[0].strip())
        place = match.end()
    if not tokens:
        raise ValueError("the query is empty")
    return tokens


def _parse_condition(tokens: Sequence[str], place: int) -> tuple[str, tuple[str | int, ...], int]:
    """Read one condition, and return its name, its values and where the next token is."""
    if len(tokens) < place + 3:
        raise ValueError("the query ends in the middle of a condition")
    name, operator = tokens[place], tokens[place + 1].upper()
    if operator == "=":
        return name, (_parse_value(tokens[place + 2]),), place + 3
    if operator != "IN" or tokens[place + 2] != "(":
        raise ValueError(f"expected = or IN (...) after {name!r}")
    try:
        end = tokens.index(")", place)
    except ValueError:
        raise ValueError(f"the list after {name!r} has no end") from None
    values: list[str | int] = []
    items = " ".join(tokens[place + 3 : end]).split(",")
    for item in items:
        values += _parse_item(item.split())
    return name, tuple(values), end + 1


def _parse_item(words: Sequence[str]) -> list[str | int]:
    """Read a value, or a range ``first..last`` with an optional ``:stride``."""
    if len(words) == 1:
        return [_parse_value(words[0])]
    if len(words) in (3, 5) and words[1] == ".." and (len(words) == 3 or words[3] == ":"):
        first, last = int(words[0]), int(words[2])
        numbers = range(first, last + 1, int(words[4]) if len(words) == 5 else 1)
        if len(numbers) <= _MOST:
            return list(numbers)
    raise ValueError(f"cannot read {' '.join(words) or 'an empty value'!r} in a list")


def _parse_value(token: str) -> str | int:
    if token.startswith("'"):
        return token[1:-1]
    return int(token)
