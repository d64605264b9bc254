# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validate a configuration against a JSON schema, and report all problems at once."""

__all__ = ["check_text", "validate_configuration"]

import datetime
import difflib
import math
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping

import jsonschema

from ..model import ConfigurationError
from .yaml_text import parse_yaml

_MOST_PROPERTIES = 200
_MOST_ITEMS = 2_500
_MOST_TEXT = 100_000
_MOST_DEPTH = 2
_MOST_BITS = 256

_TYPES = jsonschema.Draft7Validator.TYPE_CHECKER.redefine_many(
    {
        # JSON knows no difference between 3 and 3.0; what counts images does.
        "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
        # YAML has numbers that JSON has not, and no limit keeps .nan out.
        "number": lambda _, value: (
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        ),
    }
)
_Validator = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft7Validator, type_checker=_TYPES
)


def check_text(text: str) -> None:
    """Make sure that a text is YAML of `name: value` lines, or nothing.

    Raises
    ------
    ConfigurationError
        If it is something else.
    """
    given = parse_yaml(text, _show(text))
    if given is not None:
        _check_mapping(given)


def _check_mapping(given: object) -> None:
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            [f"A configuration is a list of `name: value` lines, not a {type(given).__name__}."]
        )


def validate_configuration(
    schema: Mapping[str, typing.Any], given: object
) -> dict[str, typing.Any]:
    """Check a configuration, and fill in the defaults.

    Parameters
    ----------
    schema : `~collections.abc.Mapping`
        JSON schema of draft 7; its top level is an object.
    given : `object`
        What the user's YAML holds; `None` for nothing.

    Returns
    -------
    full : `dict`
        The configuration with every default filled in.

    Raises
    ------
    ConfigurationError
        If anything is wrong; it lists all problems.
    """
    if given is None:
        given = {}
    _check_mapping(given)
    given = typing.cast("Mapping[object, object]", given)
    # Nothing walks through a value that is too large, not even to say what else is wrong.
    problems = list(_too_large(given))
    if not problems:
        problems = [*_unknown(schema, given), *_schema_problems(schema, given)]
    if problems:
        raise ConfigurationError(problems)
    defaults = {
        key: prop["default"] for key, prop in schema["properties"].items() if "default" in prop
    }
    return {**defaults, **given}


def _too_large(given: Mapping[object, object]) -> Iterator[str]:
    """Find values that are nested deeper, or are longer, than any configuration needs.

    A YAML alias costs nothing to write and everything to expand, so a value is walked through
    only until it is known to be too large.
    """
    if len(given) > _MOST_PROPERTIES:
        yield f"{len(given)} properties are given; at most {_MOST_PROPERTIES} make sense."
        return
    for key, value in given.items():
        problem = _measure(key)
        if problem:
            yield f"A name of a property {problem}"
            continue
        problem = _measure(value)
        if problem:
            yield f"{_show(key) if not isinstance(key, str) else key[:60]} {problem}"


def _measure(value: object) -> str:
    """Say in which way a value is too large; empty if it is not."""
    waiting = [(value, 0)]
    items = text = 0
    while waiting:
        item, depth = waiting.pop()
        items += 1
        parts: Collection[object] = ()
        match item:
            case Mapping():
                parts = [*item.keys(), *item.values()] if len(item) <= _MOST_ITEMS else item
            case list() | tuple() | set():
                parts = item
            case str() | bytes():
                text += len(item)
            case int() if item.bit_length() > _MOST_BITS:
                return "is a number with too many digits."
        if parts and depth == _MOST_DEPTH:
            return "is nested too deeply."
        if items + len(parts) > _MOST_ITEMS:
            return f"has {items + len(parts)} entries or more; at most {_MOST_ITEMS} make sense."
        if text > _MOST_TEXT:
            return f"has {text} characters or more; at most {_MOST_TEXT} make sense."
        waiting += [(part, depth + 1) for part in parts]
    return ""


def _unknown(schema: Mapping[str, typing.Any], given: Mapping[object, object]) -> Iterator[str]:
    known = list(schema["properties"])
    for key in given:
        if key in known:
            continue
        close = difflib.get_close_matches(str(key), known, n=1)
        yield f"{_show(key)} is not a property" + (f"; is {close[0]} meant?" if close else ".")


def _schema_problems(
    schema: Mapping[str, typing.Any], given: Mapping[object, object]
) -> Iterator[str]:
    validator = _Validator(schema)
    for error in sorted(validator.iter_errors(given), key=lambda item: list(map(str, item.path))):
        if error.validator == "additionalProperties" and not error.path:
            continue  # told better by _unknown
        yield _describe(error, schema)


def _describe(error: jsonschema.ValidationError, schema: Mapping[str, typing.Any]) -> str:
    if error.validator == "required" and not error.path:
        missing = [
            key
            for key in schema["required"]
            if key not in typing.cast("dict[str, object]", error.instance)
        ]
        return " ".join(
            f"{key} must be given: {schema['properties'][key].get('description', '')}".strip()
            for key in missing
            if f"'{key}'" in error.message
        )
    # Of a list that is wrong in one element, that element is what somebody has to look at.
    error = next((item for item in error.context or () if item.relative_path), error)
    where = _place(error.absolute_path)
    if error.validator == "anyOf" and error.context:
        wanted = " or ".join(dict.fromkeys(_wanted(item) for item in error.context))
    else:
        wanted = _wanted(error)
    hint = ""
    if isinstance(error.instance, datetime.date):
        hint = " YAML takes it for a date: put it in quotes."
    return f"{where}: {_show(error.instance)} is not allowed; it must be {wanted}.{hint}"


def _place(path: Iterable[str | int]) -> str:
    """Write a place in a configuration: names with dots between them, elements from 1."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f" (element {part + 1})"
        else:
            text += f".{part}" if text else part
    return text


def _wanted(error: jsonschema.ValidationError) -> str:
    value = error.validator_value
    match error.validator:
        case "enum":
            return "one of " + ", ".join(map(str, typing.cast("list[object]", value)))
        case "type":
            return {"null": "null", "object": "a group of properties"}.get(
                str(value), f"of type {value}"
            )
        case "minimum":
            return f"at least {value}"
        case "exclusiveMinimum":
            return f"more than {value}"
        case "maximum":
            return f"at most {value}"
        case "maxItems" | "maxLength":
            return f"at most {value} long"
        case "minItems":
            return f"at least {value} long"
        case _:
            return f"such that {error.message}"


def _show(value: object, most: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= most else text[: most - 3] + "..."
