# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a procedure page to a plan: which steps, with what configuration, how long."""

__all__ = [
    "PageOptions",
    "calibration_config",
    "fits",
    "make_page_plan",
    "parse_configuration",
    "parse_duration",
    "with_configuration",
]

import dataclasses
import difflib
import re
import typing
from collections.abc import Iterable, Mapping

from ..calibration.config import make_run_config
from ..calibration.plan import make_plan
from ..calibration.run_config import RunConfig
from ..calibration.schema import configuration_schema
from ..calibration.validate import validate_configuration
from ..calibration.yaml_text import parse_yaml
from ..model import ConfigurationError
from .bias_dark import CALIBRATIONS
from .steps import PagePlan, PageStep, PlannedStep, Procedure

UNITS: Mapping[str, float] = {
    "s": 1.0,
    "sec": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "hr": 3600.0,
}
"""Units of time, in seconds."""
START_MARGIN = 300.0
"""What the calibrations may take beyond their own deadlines, in seconds: loading, preflight."""


@dataclasses.dataclass(frozen=True, slots=True)
class PageOptions:
    """What an observer wants to be different from the page."""

    from_step: str = ""
    """Name of the step to begin with; empty for the first."""
    skip: tuple[str, ...] = ()
    """Names of steps to leave out."""
    configurations: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """YAML text by the name of the step that it is for."""
    leave_enabled: bool = False
    """Leave LATISS ENABLED, for an observer who goes on working?"""
    reasons: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Why a step is left out, by its name, as an earlier run knew or has made it so."""


def make_page_plan(procedure: Procedure, options: PageOptions) -> PagePlan:
    """Make the plan of a run of a page.

    Raises
    ------
    ConfigurationError
        If a name is unknown or a configuration is wrong; it lists all problems.
    """
    problems = list(_check_names(procedure, options))
    names = [step.name for step in procedure.steps]
    first = names.index(options.from_step) if options.from_step in names else 0
    steps: list[PlannedStep] = []
    for number, step in enumerate(procedure.steps):
        skipped = _skip_reason(step, number < first, options)
        try:
            ready = with_configuration(step, options.configurations.get(step.name))
        except ConfigurationError as error:
            if not skipped:
                problems += [f"{step.name}: {problem}" for problem in error.problems]
            ready = step
        steps.append(PlannedStep(ready, skipped))
    if problems:
        raise ConfigurationError(problems)
    if all(planned.skipped for planned in steps):
        raise ConfigurationError(["Every step is skipped: there is nothing to do."])
    return PagePlan(procedure, tuple(_carry_over(steps)))


def with_configuration(step: PageStep, text: str | None) -> PageStep:
    """Give a step a configuration, and the duration that follows from it.

    Parameters
    ----------
    step : `PageStep`
        The step.
    text : `str` or `None`
        YAML text; `None` to keep the page's.

    Raises
    ------
    ConfigurationError
        If it is no configuration.
    """
    if text is None:
        text = step.configuration
    given = parse_configuration(text)
    step = dataclasses.replace(step, configuration=text)
    if step.script != CALIBRATIONS:
        return step
    schema = configuration_schema()
    config = make_run_config(validate_configuration(schema, given), schema)
    plan = make_plan(config)
    deadline = (
        2 * plan.acquisition_time
        + plan.timeouts.ingest
        + plan.timeouts.job * max(1, len(plan.jobs))
        + START_MARGIN
    )
    return dataclasses.replace(step, duration=plan.duration, deadline=deadline)


def calibration_config(step: PageStep) -> RunConfig | None:
    """Return what a step that takes calibrations is to do, `None` for another step."""
    if step.script != CALIBRATIONS:
        return None
    schema = configuration_schema()
    return make_run_config(
        validate_configuration(schema, parse_configuration(step.configuration)), schema
    )


def parse_configuration(text: str) -> dict[str, typing.Any]:
    """Read the configuration of a script.

    Parameters
    ----------
    text : `str`
        YAML text; empty for no configuration.

    Raises
    ------
    ConfigurationError
        If it is not YAML, or not a list of properties.
    """
    value = parse_yaml(text, "This")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigurationError(["A configuration is a list of `name: value` lines."])
    return value


def parse_duration(text: str) -> float:
    """Read a time such as ``12min``, ``720s``, ``1h30min`` or ``12`` (minutes), in seconds.

    Raises
    ------
    ValueError
        If it is none.
    """
    compact = text.replace(" ", "").lower()
    if re.fullmatch(r"\d+(\.\d+)?", compact):
        return float(compact) * 60.0
    parts = re.findall(r"(\d+(?:\.\d+)?)([a-z]+)", compact)
    if "".join(number + unit for number, unit in parts) != compact or not parts:
        raise ValueError(f"{text!r} is no time such as 12min, 720s or 1h30min")
    unknown = [unit for _, unit in parts if unit not in UNITS]
    if unknown:
        raise ValueError(f"{text!r}: {unknown[0]!r} is no unit of time; use h, min or s")
    return sum(float(number) * UNITS[unit] for number, unit in parts)


def fits(plan: PagePlan, available: float | None) -> bool:
    """Tell whether a plan fits into a time in seconds; `None` is all the time in the world."""
    return available is None or plan.duration <= available


def _check_names(procedure: Procedure, options: PageOptions) -> Iterable[str]:
    names = [step.name for step in procedure.steps]
    for name in filter(None, (options.from_step, *options.skip, *options.configurations)):
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"; is {close[0]} meant?" if close else "."
            yield f"{name!r} is no step of {procedure.name}{hint} Steps: {', '.join(names)}."


def _skip_reason(step: PageStep, is_before: bool, options: PageOptions) -> str:
    if step.name in options.reasons:
        return options.reasons[step.name]
    if is_before:
        return f"before {options.from_step}"
    if step.name in options.skip:
        return "skipped as asked"
    if step.restores and options.leave_enabled:
        return "left enabled as asked"
    return ""


def _carry_over(steps: Iterable[PlannedStep]) -> Iterable[PlannedStep]:
    """Make what is announced before a skipped step before the next one, if images will come."""
    steps = list(steps)
    waiting = None
    for number, planned in enumerate(steps):
        images_to_come = any(
            later.step.takes_images and not later.skipped for later in steps[number:]
        )
        if planned.skipped:
            waiting = planned.step.before or waiting
            yield planned
            continue
        before = (planned.step.before or waiting) if images_to_come else None
        waiting = None
        yield dataclasses.replace(planned, step=dataclasses.replace(planned.step, before=before))
