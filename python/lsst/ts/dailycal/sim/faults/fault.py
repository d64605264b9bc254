# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fault that will happen, written ``name[@when][:parameter=value,...]``.

For example ``end_readout_lost@DARK/3`` or ``ingest_late@2-4:delay=90``.
"""

__all__ = ["Fault"]

import dataclasses
import re
import typing

from .kind import FaultKind
from .kinds import FAULT_KINDS
from .when import ONCE, When


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
