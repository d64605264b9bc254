# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the script as a page has to know them: by index, with what was kept and what is left."""

__all__ = ["JournalsOfScripts", "describe_script_run", "fault_of", "find_script_run", "kept_by"]

import asyncio
import contextlib
import math
import pathlib

from ..journal.owner import holder_of
from ..model import CalibrationStatus, ImageType, JournalError
from ..page.ending import first_sentence
from ..page.script_run import ScriptRun, run_named_in
from ..run.journal import read_run_entries
from ..run.rest import time_of_rest
from ..run.state import RunState
from .summary import summarize_run


class JournalsOfScripts:
    """The journals of a directory, as `~lsst.ts.dailycal.page.ScriptRuns`.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where the journals are.
    begin : `float`, optional
        Runs that began before are not looked at, in seconds since 1970 TAI.
    """

    def __init__(self, directory: pathlib.Path, begin: float = 0.0) -> None:
        self._directory = directory
        self._begin = begin

    async def find(self, index: int, configuration: str) -> ScriptRun | None:
        """Find the run that a script made, `None` if its journal is not here."""
        return await asyncio.to_thread(
            find_script_run, self._directory, index, configuration, self._begin
        )


def find_script_run(
    directory: pathlib.Path,
    index: int,
    configuration: str,
    begin: float = 0.0,
    until: float = math.inf,
) -> ScriptRun | None:
    """Find the run that a script made.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where the journals are.
    index : `int`
        Index of the script; 0 if it is not known.
    configuration : `str`
        Its configuration, as YAML text: one that resumes a run names it.
    begin, until : `float`, optional
        When it can have begun, in seconds since 1970 TAI: a queue that was started again uses
        indices again.
    """
    named = run_named_in(configuration)
    pattern = f"{named}.jsonl" if named else f"*-{index}.jsonl"
    found: list[tuple[float, pathlib.Path]] = []
    for path in directory.glob(pattern):
        with contextlib.suppress(JournalError, IndexError):  # it had not begun, or is damaged
            began = read_run_entries(path)[0].tai
            if named or begin <= began < until:
                found.append((began, path))
    for _, path in sorted(found):
        with contextlib.suppress(JournalError):
            return describe_script_run(path)
    return None


def describe_script_run(path: pathlib.Path) -> ScriptRun:
    """Describe a run of the script from its journal.

    Raises
    ------
    JournalError
        If it cannot be read, or nothing was begun in it.
    """
    records = read_run_entries(path)
    summary = summarize_run(records)
    state = RunState(record.event for record in records)
    status = summary.status
    owner = holder_of(path.with_suffix(".lock"))
    if owner is not None and status == "open":
        status = "running"
    fault, remedy = fault_of(state)
    return ScriptRun(
        run_id=summary.run_id,
        status=status,
        mode="_".join(dict.fromkeys(kind.value for kind, _ in state.slots)),
        position="" if status == "done" else _position(state),
        fault=fault,
        remedy=remedy,
        kept=kept_by(state),
        left=0.0 if status == "done" else time_of_rest(state),
    )


def _position(state: RunState) -> str:
    """Say at which exposure a run is or was, or that it was past the last one."""
    slots = list(state.slots.values())
    asked = [slot for slot in slots if slot.asked is not None]
    if asked:
        return asked[-1].planned.label
    missing = [slot for slot in slots if state.needs_exposure(slot)]
    if missing:
        return missing[0].planned.label if len(missing) < len(slots) else ""
    running = [key for key, job in state.jobs.items() if job.result is None]
    return str(running[-1]) if running else ""


def fault_of(state: RunState) -> tuple[str, str]:
    """Say what is wrong, and what to do about it, each in a sentence; empty where there is none."""
    if state.outcome is None or state.outcome.stopped:
        return "", ""
    for failure in state.outcome.failures:
        sentence = first_sentence(failure.reason)
        if sentence:
            return sentence, first_sentence(failure.remedy)
    return "", ""


def kept_by(state: RunState) -> str:
    """Say what a run has that need not be done again; empty if it has nothing."""
    kinds: dict[ImageType, tuple[int, int]] = {}
    for kind, _ in state.slots:
        kinds[kind] = (
            len(state.usable(kind)),
            sum(not s.planned.discard for s in state.of_type(kind)),
        )
    if not any(have for have, _ in kinds.values()):
        return ""
    parts = [f"{have} of {wanted} {kind}" for kind, (have, wanted) in kinds.items()]
    good = (CalibrationStatus.CERTIFIED, CalibrationStatus.VERIFIED)
    done = [
        f"{item.image_type} is {item.status}"
        for item in (state.outcome.calibrations if state.outcome else ())
        if item.status in good
    ]
    return f"{', '.join([' and '.join(parts) + ' are kept', *done])}; nothing is taken twice."
