# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Temperatures and pressures of LATISS: what is healthy, what is not."""

__all__ = [
    "DEFAULT_LIMITS",
    "JudgedReading",
    "Limit",
    "condition_findings",
    "judge_readings",
    "parse_limits",
]

import dataclasses
import math
from collections.abc import Mapping, Sequence

from ..model import ConditionReading, ConfigurationError, Finding, Severity, format_duration

STALE_AFTER = 60.0
"""A reading that is older than this, in seconds, is none."""

Range = tuple[float | None, float | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """What an instrument may say."""

    title: str
    """What is measured, as the dashboard calls it."""
    unit: str
    """Its unit."""
    warn: Range = (None, None)
    """Below the first or above the second: a warning. `None` is no limit."""
    refuse: Range = (None, None)
    """Below the first or above the second: no run."""
    advice: str = ""
    """What to do outside of the limits."""
    required: bool = True
    """Is it a reason to refuse when it is not heard?"""


@dataclasses.dataclass(frozen=True, slots=True)
class JudgedReading:
    """What an instrument said during a run, and what it may say."""

    quantity: str
    """What is measured, a key of the limits."""
    title: str
    """The same for people."""
    unit: str
    """Its unit."""
    value: float
    """Its value."""
    severity: Severity
    """How bad it is."""
    warn: Range
    """Below the first or above the second: a warning."""
    refuse: Range
    """Below the first or above the second: no run would be begun."""


DEFAULT_LIMITS: Mapping[str, Limit] = {
    "ccd": Limit(
        "CCD temperature",
        "°C",
        (-105.0, -103.0),
        (-107.0, -101.0),
        "Wait until it is back at its set point; if it drifts, see the page on ATDewar.",
    ),
    "ccd_set_point": Limit(
        "CCD set point",
        "°C",
        (-104.5, -103.5),
        (None, None),
        "The calibrations will be for another temperature than usual: is that meant?",
    ),
    "cold_plate": Limit(
        "Cold plate",
        "°C",
        (None, -108.0),
        (None, -104.0),
        "Wait until it is cold; see the page on ATDewar.",
    ),
    "cryo_head": Limit(
        "Cryo head",
        "°C",
        (None, -128.0),
        (None, -125.0),
        "Look at the cryo-cooler; see the page on ATDewar.",
    ),
    "vacuum": Limit(
        "Dewar pressure",
        "Torr",
        (None, 8e-4),
        (None, 3e-3),
        "Look at the pump and the ion pump; tell the camera team.",
    ),
    "board": Limit(
        "WREB board",
        "°C",
        (26.0, 29.0),
        (None, None),
        "Wait until the board is at its temperature (dashboard: WREB On Board).",
        required=False,
    ),
    "store": Limit(
        "DAQ store free",
        "%",
        (10.0, None),
        (2.0, None),
        "Make room in the store of the DAQ.",
        required=False,
    ),
}
"""The limits of the observatory's alarms: warning, and refusal where the alarm is critical."""


def condition_findings(
    readings: Sequence[ConditionReading], limits: Mapping[str, Limit] = DEFAULT_LIMITS
) -> list[Finding]:
    """Judge what the instruments say.

    Parameters
    ----------
    readings : `~collections.abc.Sequence` [`ConditionReading`]
        What was heard.
    limits : `~collections.abc.Mapping`, optional
        What is allowed.

    Returns
    -------
    findings : `list` [`Finding`]
        One for each limit.
    """
    heard = {reading.quantity: reading for reading in readings}
    return [_judge(heard.get(quantity), limit) for quantity, limit in limits.items()]


def judge_readings(
    readings: Sequence[ConditionReading], limits: Mapping[str, Limit] = DEFAULT_LIMITS
) -> tuple[JudgedReading, ...]:
    """Hold what the instruments say against the limits; what was not heard is left out.

    Parameters
    ----------
    readings : `~collections.abc.Sequence` [`ConditionReading`]
        What was heard.
    limits : `~collections.abc.Mapping`, optional
        What is allowed.
    """
    return tuple(
        JudgedReading(
            quantity=item.quantity,
            title=limits[item.quantity].title,
            unit=limits[item.quantity].unit,
            value=item.value,
            severity=_judge(item, limits[item.quantity]).severity,
            warn=limits[item.quantity].warn,
            refuse=limits[item.quantity].refuse,
        )
        for item in readings
        if item.quantity in limits and math.isfinite(item.value) and item.age <= STALE_AFTER
    )


def _judge(reading: ConditionReading | None, limit: Limit) -> Finding:
    missing = Severity.REFUSAL if limit.required else Severity.WARNING
    ask = "Is ATCamera publishing telemetry?"
    if reading is None or math.isnan(reading.value):
        return Finding(limit.title, missing, "not heard", ask)
    value = f"{reading.value:.4g} {limit.unit}"
    if reading.age > STALE_AFTER:
        return Finding(limit.title, missing, f"{value}, {format_duration(reading.age)} ago", ask)
    for severity, allowed in (
        (Severity.REFUSAL, limit.refuse),
        (Severity.WARNING, limit.warn),
    ):
        if not _is_inside(reading.value, allowed):
            said = f"{value}, outside {_show(allowed, limit.unit)}"
            return Finding(limit.title, severity, said, limit.advice)
    return Finding(limit.title, Severity.OK, value)


def _is_inside(value: float, allowed: Range) -> bool:
    low, high = allowed
    return (low is None or value >= low) and (high is None or value <= high)


def _show(allowed: Range, unit: str) -> str:
    low, high = allowed
    if low is None:
        return f"the limit: at most {high:g} {unit}"
    if high is None:
        return f"the limit: at least {low:g} {unit}"
    return f"{low:g} to {high:g} {unit}"


def parse_limits(raw: object) -> dict[str, Limit]:
    """Read limits that replace some of the default ones.

    Parameters
    ----------
    raw : `object`
        What YAML gives for lines such as ``ccd: {warn: [-105, -103], refuse: [-107, null]}``.

    Returns
    -------
    limits : `dict` [`str`, `Limit`]
        All of them, with the replaced ones.

    Raises
    ------
    ConfigurationError
        If anything is wrong; it lists all problems.
    """
    limits = dict(DEFAULT_LIMITS)
    if raw is None:
        return limits
    if not isinstance(raw, Mapping):
        raise ConfigurationError(["Limits are lines such as `ccd: {warn: [-105, -103]}`."])
    problems: list[str] = []
    for quantity, ranges in raw.items():
        if quantity not in limits:
            problems.append(f"{quantity!r} is not watched; these are: {', '.join(limits)}.")
        elif not isinstance(ranges, Mapping) or not set(ranges) <= {"warn", "refuse"}:
            problems.append(f"{quantity}: give `warn: [low, high]` or `refuse: [low, high]`.")
        else:
            for name, value in ranges.items():
                parsed = _parse_range(value)
                if parsed is None:
                    problems.append(
                        f"{quantity}.{name}: {value!r} must be two numbers, the lower first; "
                        "null for no limit."
                    )
                elif name == "warn":
                    limits[quantity] = dataclasses.replace(limits[quantity], warn=parsed)
                else:
                    limits[quantity] = dataclasses.replace(limits[quantity], refuse=parsed)
    if problems:
        raise ConfigurationError(problems)
    return limits


def _parse_range(value: object) -> Range | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    bounds: list[float | None] = []
    for item in value:
        if item is None:
            bounds.append(None)
        elif isinstance(item, bool) or not isinstance(item, int | float) or not math.isfinite(item):
            return None
        else:
            bounds.append(float(item))
    low, high = bounds
    if low is not None and high is not None and low > high:
        return None
    return low, high
