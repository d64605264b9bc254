# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every output of a command as JSON, with the schema of it."""

__all__ = ["OUTPUTS", "JsonOutput"]

import dataclasses
from collections.abc import Callable, Mapping

from ..report.event_schema import Schema, make_schema, schema_of


@dataclasses.dataclass(frozen=True, slots=True)
class JsonOutput:
    """What a command prints with ``--json``."""

    commands: tuple[str, ...]
    """The commands, e.g. ``dailycal repo show``."""
    text: str
    """What it is, in a phrase."""
    make: Callable[[], Schema]
    """Makes the schema; imports what the command needs."""
    many: bool = False
    """Is it printed any number of times, one a line?"""


def _classes(
    title: str, version: int, find: Callable[[], tuple[type, ...]]
) -> Callable[[], Schema]:
    def make() -> Schema:
        schemas = [schema_of(kind) for kind in find()]
        return make_schema(title, version, schemas[0] if len(schemas) == 1 else {"anyOf": schemas})

    return make


def _printed(*names: str) -> Callable[[], tuple[type, ...]]:
    def find() -> tuple[type, ...]:
        from . import printed

        return tuple(getattr(printed, name) for name in names)

    return find


def _lines() -> Schema:
    from .watch.schema import line_schema

    return line_schema()


def _report() -> Schema:
    from ..report.document import report_schema

    return report_schema()


def _versions() -> Schema:
    content = {"type": "object", "additionalProperties": {"type": "string"}}
    return make_schema("Versions, by the name of the distribution", 1, content)


def _decision() -> tuple[type, ...]:
    from ..model import Decision

    return (Decision,)


def _fault() -> tuple[type, ...]:
    from ..sim.faults.kind import FaultKind

    return (FaultKind,)


def _contents() -> tuple[type, ...]:
    from .repo_contents import RepositoryContents

    return (RepositoryContents,)


def _reduction() -> tuple[type, ...]:
    from .reduce.products import Reduction

    return (Reduction,)


def _test() -> tuple[type, ...]:
    from .report.stats import StatsRow

    return (StatsRow,)


# The versions are raised when a key goes, or gets another meaning; not when there are more.
OUTPUTS: Mapping[str, JsonOutput] = {
    "line": JsonOutput(
        ("dailycal run", "dailycal block run", "dailycal rehearse", "dailycal resume",
         "dailycal watch", "run_script"),
        "everything that happens, at once; and, of every command, why it failed",
        _lines,
        many=True,
    ),
    "check": JsonOutput(
        ("dailycal check",),
        "whether a run may begin",
        _classes("Whether a run may begin", 1, _printed("CheckVerdict")),
    ),
    "block": JsonOutput(
        ("dailycal block validate",),
        "whether a block is right",
        _classes("Whether a block is right", 1, _printed("BlockVerdict")),
    ),
    "runs": JsonOutput(
        ("dailycal runs",),
        "the runs that have a journal",
        _classes("A run that has a journal", 2, _printed("PrintedRun", "PrintedPage")),
        many=True,
    ),
    "status": JsonOutput(
        ("dailycal status",),
        "what a run has done",
        _classes("What a run has done", 2, _printed("PrintedRun", "PrintedPageStatus")),
    ),
    "report": JsonOutput(
        ("dailycal report",), "the report of a run, as in `report.json`", _report
    ),
    "stats": JsonOutput(
        ("dailycal stats",),
        "the verification tests",
        _classes("A verification test of an amplifier of an exposure", 1, _test),
        many=True,
    ),
    "reduce": JsonOutput(
        ("dailycal reduce",),
        "what was made of raw files",
        _classes("What was made of raw files", 1, _reduction),
    ),
    "judge": JsonOutput(
        ("dailycal judge",),
        "what the accept rule makes of statistics",
        _classes("What the accept rule makes of statistics", 1, _decision),
    ),
    "repo-show": JsonOutput(
        ("dailycal repo show",),
        "what is in a repository",
        _classes("What is in a repository", 1, _contents),
    ),
    "repo-ingest": JsonOutput(
        ("dailycal repo ingest",),
        "which frames were added to a repository",
        _classes("Which frames were added to a repository", 1, _printed("AddedFrames")),
    ),
    "simulate": JsonOutput(
        ("dailycal simulate",),
        "a simulated observatory that runs",
        _classes("A simulated observatory that runs", 1, _printed("RunningObservatory")),
    ),
    "faults": JsonOutput(
        ("dailycal faults",),
        "what can be rehearsed to go wrong",
        _classes("A fault that can be rehearsed", 1, _fault),
        many=True,
    ),
    "version": JsonOutput(("dailycal version",), "versions of what matters", _versions),
}  # fmt: skip
"""All of them, by the name that `dailycal schema` has for it."""
