# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say what a configuration may hold, from the JSON schema of its script."""

__all__ = ["describe_default", "describe_properties", "describe_type"]

import json
import typing
from collections.abc import Iterator, Mapping

Rule = Mapping[str, typing.Any]
_LIMITS = (
    ("minimum", "at least"),
    ("exclusiveMinimum", "more than"),
    ("maximum", "at most"),
    ("exclusiveMaximum", "less than"),
    ("minLength", "at least as long as"),
    ("maxLength", "at most as long as"),
    ("minItems", "at least as many as"),
    ("maxItems", "at most as many as"),
)
_NAMES = {"array": "a list", "object": "a group"}


def describe_type(rule: Rule, quote: str = "") -> str:
    """Say which values are allowed, in a phrase.

    Parameters
    ----------
    rule : `~collections.abc.Mapping`
        Schema of a value.
    quote : `str`, optional
        What stands around values.
    """
    for key in ("anyOf", "oneOf"):
        if key in rule:
            return " or ".join(describe_type(part, quote) for part in rule[key])
    if "enum" in rule or "const" in rule:
        values = rule.get("enum", [rule.get("const")])
        return "one of " + ", ".join(f"{quote}{value}{quote}" for value in values)
    kinds = rule.get("type", "any value")
    names = dict(_NAMES)
    if isinstance(rule.get("items"), Mapping):
        names["array"] += f" of {describe_type(rule['items'], quote)}"
    allowed = [names.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    limits = [f"{word} {rule[key]}" for key, word in _LIMITS if key in rule]
    return " or ".join(allowed) + (f" ({', '.join(limits)})" if limits else "")


def describe_default(rule: Rule, quote: str = "") -> str:
    """Say what counts if nothing is given (`str`); empty if there is no default."""
    if "default" not in rule:
        return ""
    value = rule["default"]
    shown = value if isinstance(value, str) and value.strip() else json.dumps(value)
    return f"{quote}{shown}{quote}"


def describe_properties(schema: Rule, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Say of each property what it may be.

    Parameters
    ----------
    schema : `~collections.abc.Mapping`
        Schema of the configuration of a script.
    prefix : `str`, optional
        What stands before the names.

    Yields
    ------
    name, values, text : `str`
        Name, which values are allowed, and what it means.
    """
    required = schema.get("required", ())
    for name, rule in schema.get("properties", {}).items():
        default = describe_default(rule)
        end = f"; default {default}" if default else "; must be given" * (name in required)
        text = " ".join(str(rule.get("description", "")).split())
        yield f"{prefix}{name}", f"{describe_type(rule)}{end}", text
        yield from describe_properties(rule, f"{prefix}{name}.")
