# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that a property of the configuration must never have."""

import datetime
import math
import typing
from collections.abc import Iterator

from lsst.ts.dailycal.calibration import configuration_schema

PROPERTIES: dict[str, dict[str, typing.Any]] = configuration_schema()["properties"]


def bomb(levels: int = 40) -> list[object]:
    """Nest lists as YAML aliases do: 2 to the power of `levels` entries, a few bytes long."""
    item: list[object] = ["x"]
    for _ in range(levels):
        item = [item, item]
    return item


def wide_bomb() -> list[object]:
    """Repeat a long text by aliases: 10 GB when written out."""
    return ["x" * 1_000_000] * 10_000


def endless() -> list[object]:
    """A list that holds itself, as YAML can write it."""
    item: list[object] = []
    item.append(item)
    return item


NEVER = [
    {"a": 1},
    {"a": bomb()},
    [[1]],
    bomb(),
    wide_bomb(),
    endless(),
    [None] * 100_000,
    "x" * 200_000,
    b"bytes",
    {1, 2},
    (1, 2),
    [("name", bomb())],
    2**20_000,
    -(2**20_000),
    math.nan,
    math.inf,
    -math.inf,
    datetime.date(2026, 11, 23),
    datetime.datetime(2026, 11, 23, 12),
    1 + 2j,
]
NO_TEXT = [1.5, True, ["a"], []]
NO_NUMBER = ["5", "", "five", True, False, "0x10", "1e3"]
NO_INTEGER = [*NO_NUMBER, 1.5, 3.0, 1e3]
NO_BOOLEAN = [0, 1, "yes", "true", "False", "", None, 1.0]
SHELL = ["; reboot", "$(reboot)", "`reboot`", "a | b", "a > b", "a & b", "a\nb", "!x", "a\\b", "*?"]
CONTROL = ["\x00", "\x1b[2J", "a\rb", "a\tb", "\u202ea", "caf\u00e9", "\U0001f52d", "\ufeff"]
PATHS = ["../x", "a/../b", "/etc/passwd", "a//b", "a/", "a b", "", " ", "-x", "~", "."]
HEADER = ["a,b", "a: b", "imageType: DARK, groupId: x"]
QUOTES = ["'", '"', "-c 'a", '-c "a']
NO_MOMENT = ["", "tomorrow", "2026-13-01", "2026-02-30T00:00:00", "2026-11-23T12:00:00Z", 20261123]
NO_RUN = ["", "../x", "a/b", "a b", "x" * 101, "a\n", "a\x00", "\u0661", "~root", "a;b"]
NO_EXPOSURES = [
    [],
    [1],
    [-1],
    ["2026112300001"],
    [2026112300001, 2026112300001],
    [2026112300001.0],
    list(range(2026112300001, 2026112301100)),
    [2026999900001],
    [2026023000001],
    [2026112300000 + 10**18],
    "2026112300001",
]
NO_TIMES = [[], [-1], ["5"], [True], [math.nan], [3601], [None], [5] * 2001, [5, 5], "5 5", [[5]]]


def bad_values(name: str) -> Iterator[object]:
    """List values that a property must not have."""
    yield from NEVER
    prop = PROPERTIES[name]
    kinds = {option.get("type") for option in prop.get("anyOf", [prop])}
    limits = {key: value for option in prop.get("anyOf", [prop]) for key, value in option.items()}
    if "boolean" in kinds:
        yield from NO_BOOLEAN
    if name.startswith("exposures_"):
        yield from NO_EXPOSURES
    elif name == "exp_times_dark":
        yield from [*NO_TIMES, -1, 3601, *NO_NUMBER]
    elif name == "exp_times_flat":
        yield from [-1, 3601, *NO_NUMBER]
    elif "string" in kinds:
        yield from NO_TEXT
        yield from _bad_texts(name, limits)
    elif kinds & {"integer", "number"}:
        yield from NO_INTEGER if "integer" in kinds else NO_NUMBER
        yield from _out_of_range(limits)


def _bad_texts(name: str, limits: dict[str, typing.Any]) -> Iterator[object]:
    if "enum" in limits:
        yield from ["", "NO", "bias", " BIAS", 1, None]
    elif name == "resume":
        yield from NO_RUN
    elif name.startswith("certify_"):
        yield from NO_MOMENT
    elif name.startswith("config_options"):
        yield from [*SHELL, *CONTROL, *QUOTES, None, 1]
    elif name.startswith("input_collections") or name == "calib_collection":
        yield from [*SHELL, *CONTROL, *PATHS, "a,,b", ",", None, 1]
    elif name == "repo":
        yield from [*SHELL, *CONTROL, "", " ", "-x", "a b", None, 1]
    elif name in ("program", "reason"):
        yield from [*CONTROL, *HEADER, "a\\b", "x" * 129, None, 1]
    elif name == "note":
        yield from [*CONTROL, "x" * 513, None, 1]
    elif name in ("filter", "grating"):
        yield from [*CONTROL, *HEADER, "a\\b", -1, 4]


def _out_of_range(limits: dict[str, typing.Any]) -> Iterator[object]:
    if "minimum" in limits:
        yield from [limits["minimum"] - 1, -(10**9)]
    if "exclusiveMinimum" in limits:
        yield from [limits["exclusiveMinimum"], -1]
    if "maximum" in limits:
        yield from [limits["maximum"] + 1, 10**12]


def all_bad() -> list[tuple[str, object]]:
    """Every property with every value that it must not have."""
    return [(name, value) for name in PROPERTIES for value in bad_values(name)]
