# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that commands print with ``--json`` while a run goes on."""

__all__ = ["line_schema"]

import typing

from ...model import Event
from ...page import PageEvent, PageOutcome, PlannedStep
from ...report.event_schema import Schema, event_schema, schema_of
from ...report.summary import CalibrationSummary
from ...sim.faults.log import FaultReport
from ..printed import PrintedRun
from ..script.events import ScriptEvent

_NUMBER: Schema = {"type": "number"}
_TEXT: Schema = {"type": "string"}


def line_schema() -> Schema:
    """Return the JSON schema of a line (`dict`)."""
    page = typing.get_args(PageEvent)
    outcome = schema_of(PageOutcome)["properties"]
    script = [kind for kind in typing.get_args(ScriptEvent) if kind.__name__ != "Remark"]
    return event_schema(
        [*page, *typing.get_args(Event), *script],
        {
            # Of the script's own or of what is done around it: the level is given for the former.
            "Remark": {"text": _TEXT},
            "Outcome": {
                "succeeded": {"type": "boolean"},
                "calibrations": {"type": "array", "items": schema_of(CalibrationSummary)},
                **outcome,
            },
            "Plan": {
                "duration": _NUMBER,
                "place": _TEXT,
                "steps": {"type": "array", "items": schema_of(PlannedStep)},
            },
            # The last line of a command that could not do what it was asked.
            "Error": {"text": _TEXT, "advice": _TEXT, "exit_code": {"type": "integer"}},
            "Report": {"path": _TEXT, "why": _TEXT},
            "FaultRehearsed": schema_of(FaultReport)["properties"],
            "Skipped": {"needed": _NUMBER, "available": _NUMBER},
            "Rehearsed": {
                "exit_code": {"type": "integer"},
                "summary": {"anyOf": [schema_of(PrintedRun), {"type": "null"}]},
                "where": {"type": "object", "additionalProperties": _TEXT},
                "durations": {"type": "object", "additionalProperties": _NUMBER},
            },
        },
    )
