# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold the configurations of a page against the schemas of their scripts."""

__all__ = ["refuse_schemas"]

from ..calibration import validate_configuration
from ..model import ConfigurationError
from .plan import parse_configuration
from .preconditions import PagePorts
from .steps import PagePlan


async def refuse_schemas(plan: PagePlan, ports: PagePorts, timeout: float) -> None:
    """Hold every configuration against the schema that the queue has for its script.

    Raises
    ------
    ConfigurationError
        If any does not fit; it lists all problems.
    QueueError
        If the queue does not tell its schemas.
    """
    problems: list[str] = []
    for step in plan.to_do:
        schema = await ports.queue.schema(step.script, timeout)
        given = parse_configuration(step.configuration)
        if schema is None:
            if given:
                problems.append(f"{step.name}: {step.script} takes no configuration.")
            continue
        try:
            validate_configuration(schema, given)
        except ConfigurationError as error:
            problems += [f"{step.name}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigurationError(problems)
