# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter expressions of query conditions: comparisons joined by AND."""

from __future__ import annotations

__all__ = ["Query"]

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from .errors import DDSException

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPARISON = re.compile(
    r"\s*(?P<field>[A-Za-z_]\w*)\s*(?P<operator><=|>=|<>|!=|=|<|>)\s*"
    r"(?:'(?P<text>(?:[^']|'')*)'|(?P<number>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?))\s*"
)
_AND = re.compile(r"AND\b", re.IGNORECASE)


class Query:
    """A filter on samples.

    Parameters
    ----------
    expression : `str`
        For example ``"ScriptID = 5 AND identity = 'me@here'"``. A quote inside a string is
        written twice.

    Raises
    ------
    DDSException
        If the expression cannot be understood.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.comparisons: list[tuple[str, Callable[[Any, Any], bool], Any]] = []
        position = 0
        while True:
            found = _COMPARISON.match(expression, position)
            if found is None:
                raise DDSException(
                    f"cannot understand the query {expression!r} from character {position}"
                )
            number, text = found["number"], found["text"]
            if number is None:
                value: Any = text.replace("''", "'")
            else:
                value = float(number) if any(c in number for c in ".eE") else int(number)
            self.comparisons.append((found["field"], _OPERATORS[found["operator"]], value))
            position = found.end()
            if position == len(expression):
                return
            joined = _AND.match(expression, position)
            if joined is None:
                raise DDSException(
                    f"expected AND in the query {expression!r} at character {position}"
                )
            position = joined.end()

    @property
    def fields(self) -> list[str]:
        """Names of the fields that are compared."""
        return [name for name, _, _ in self.comparisons]

    def accepts(self, values: Mapping[str, Any]) -> bool:
        """Return whether a sample passes."""
        return all(compare(values[name], value) for name, compare, value in self.comparisons)

    def equal_to(self, name: str) -> int | float | str | None:
        """Return the value that a field must have, or `None` if it is not so simple."""
        for field, compare, value in self.comparisons:
            if field == name and compare is operator.eq:
                return value  # type: ignore[no-any-return]
        return None
