# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Follow the script of one step through the queue, and judge how it ended."""

__all__ = [
    "ScriptFollower",
    "is_repeated_configuration",
    "judge_end",
    "maskings_of",
    "rejections_of",
    "script_end",
]

import asyncio
import dataclasses
import logging
import re
from collections.abc import Callable, Iterable

from ..calibration import is_masking, is_rejection
from ..model import ProcessState, QueueError, ScriptEnd, ScriptState, ScriptUpdate, format_duration
from ..ports import Queue
from .events import StepProgress
from .journal import PageJournal
from .steps import PageStep, StepStatus
from .times import PageTimes

_BY_STATE = {
    ScriptState.DONE: ScriptEnd.DONE,
    ScriptState.STOPPED: ScriptEnd.STOPPED,
    ScriptState.FAILED: ScriptEnd.FAILED,
    ScriptState.CONFIGURE_FAILED: ScriptEnd.CONFIGURE_FAILED,
}
_BY_PROCESS = {
    ProcessState.LOADFAILED: ScriptEnd.LOAD_FAILED,
    ProcessState.CONFIGUREFAILED: ScriptEnd.CONFIGURE_FAILED,
    ProcessState.TERMINATED: ScriptEnd.TERMINATED,
}


def script_end(update: ScriptUpdate) -> ScriptEnd:
    """Tell how a script ended (`ScriptEnd`).

    Its own word counts before that of its process: one that is DONE may be terminated after.
    """
    if update.state in _BY_STATE:
        return _BY_STATE[update.state]
    return _BY_PROCESS.get(update.process, ScriptEnd.DIED)


class ScriptFollower:
    """Follows the script of a step, and stops it when asked to or when it takes too long.

    Parameters
    ----------
    step : `PageStep`
        The step.
    queue : `Queue`
        The queue that runs the script.
    journal : `PageJournal`
        Where its progress is told.
    times : `PageTimes`
        Deadlines.
    is_stopping : `~collections.abc.Callable`
        Tells whether a person wants the run to be stopped.
    """

    def __init__(
        self,
        step: PageStep,
        queue: Queue,
        journal: PageJournal,
        times: PageTimes,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._step = step
        self._queue = queue
        self._journal = journal
        self._times = times
        self._is_stopping = is_stopping
        self._errors: list[tuple[int, str]] = []

    async def follow(self, index: int) -> tuple[ScriptUpdate, str]:
        """Follow a script to its end; return its last update, and why it was stopped if it was."""
        loop = asyncio.get_running_loop()
        patience = _Patience(self._step.deadline, self._times.person)
        update = ScriptUpdate(index)
        while not update.is_over:
            begin = loop.time()
            update, remark = await self._next(update)
            patience.spend(loop.time() - begin, remark)
            note = "Stopped by the observer." if self._is_stopping() else patience.at_end(remark)
            if note and not update.is_over:
                return self._with_errors(await self._stop_script(update)), note
        return self._with_errors(update), ""

    def _with_errors(self, update: ScriptUpdate) -> ScriptUpdate:
        """Return the last update with every error and rejection: they may have come early."""
        return dataclasses.replace(update, messages=tuple(self._errors))

    async def _stop_script(self, update: ScriptUpdate) -> ScriptUpdate:
        """Stop a script, and wait for its end."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + self._times.stop
        refusal = ""
        try:
            await self._queue.stop(update.index, self._times.status)
        except QueueError as error:
            # A real queue gives up after seconds, while the script rightly ends its dark first.
            refusal = f" {error.what}"
        while not update.is_over and loop.time() < latest:
            update, _ = await self._next(update)
        if not update.is_over:
            raise QueueError(
                f"Script {update.index} did not end within {format_duration(self._times.stop)} "
                f"of being stopped.{refusal}",
                last_seen=f"{update.state.name} {update.checkpoint}".strip(),
                remedy="Terminate it in LOVE.",
            )
        return update

    async def _next(self, seen: ScriptUpdate) -> tuple[ScriptUpdate, str]:
        update = await self._queue.next_update(seen, self._times.poll)
        self._errors += [
            (level, text)
            for level, text in update.messages
            if level >= logging.ERROR or is_rejection(text) or is_masking(text)
        ]
        remark = _remark(update)
        await self._journal.record(StepProgress(self._step.name, update, remark))
        return update, remark


def _remark(update: ScriptUpdate) -> str:
    """Say what a person has to do for the script to go on; empty if nothing."""
    if update.is_over:
        return ""
    if update.state is ScriptState.PAUSED:
        return f"paused at checkpoint {update.checkpoint!r}: resume it in LOVE to go on"
    if update.is_waiting and not update.queue_running:
        return "the queue is paused: resume it in LOVE to go on"
    return ""


class _Patience:
    """How much longer a script may take, and people may keep it from going on, in seconds."""

    def __init__(self, script: float, person: float) -> None:
        self._given = (script, person)
        self._script, self._person = script, person

    def spend(self, time: float, remark: str) -> None:
        """Take time off one or the other: people are at it if there is a remark for them."""
        if remark:
            self._person -= time
        else:
            self._script -= time

    def at_end(self, remark: str) -> str:
        """Say what took too long; empty if nothing did (`str`)."""
        script, person = self._given
        if self._script <= 0:
            return f"It did not end within its deadline of {format_duration(script)}."
        if self._person <= 0:
            return f"Nobody acted for {format_duration(person)}: {remark}."
        return ""


_REPEATED = re.compile(r"config\(.*\) failed", re.DOTALL)
"""What salobj logs of every script that refuses its configuration, in full and without a reason."""
_UNHEARD = (
    "The script was not configured, and has not said why: the queue did not hear it answer in "
    "time. Go on from this step; if that comes again, look at the log of the queue."
)


def rejections_of(update: ScriptUpdate) -> tuple[str, ...]:
    """Return what a script said that verification rejected, a sentence each."""
    return tuple(text for _, text in update.messages if is_rejection(text))


def maskings_of(update: ScriptUpdate) -> tuple[str, ...]:
    """Return what a script said that is certified with masked amplifiers, a sentence each."""
    return tuple(text for _, text in update.messages if is_masking(text))


def judge_end(update: ScriptUpdate, note: str, *, stopped: bool) -> tuple[StepStatus, str]:
    """Turn the end of a script into what became of its step."""
    end = script_end(update)
    said = (update.reason or _last_problem(update.messages)).removeprefix("Error in run: ")
    if end is ScriptEnd.DONE:
        return StepStatus.DONE, said
    if stopped or end is ScriptEnd.STOPPED:
        return StepStatus.STOPPED, note or said or "Somebody stopped the script."
    if end is ScriptEnd.CONFIGURE_FAILED and update.state is ScriptState.UNCONFIGURED and not said:
        # A script that refuses says why: the command, or the answer to it, has not arrived.
        return StepStatus.FAILED, f"{note} {_UNHEARD}".strip()
    parts = [note, f"The script {_as_clause(end)}" + (f": {said}" if said else ".")]
    return StepStatus.FAILED, " ".join(part for part in parts if part)


def _as_clause(end: ScriptEnd) -> str:
    return {
        ScriptEnd.FAILED: "failed",
        ScriptEnd.CONFIGURE_FAILED: "refused its configuration",
        ScriptEnd.LOAD_FAILED: "could not be started",
        ScriptEnd.TERMINATED: "was terminated",
        ScriptEnd.DIED: "was killed: its process ended without a word",
    }.get(end, str(end))


def is_repeated_configuration(text: str) -> bool:
    """Tell whether a message is that of salobj after a script has said what is wrong (`bool`)."""
    return _REPEATED.fullmatch(text) is not None


def _last_problem(messages: Iterable[tuple[int, str]]) -> str:
    errors = [text for level, text in messages if level >= logging.ERROR]
    said = [text for text in errors if not is_repeated_configuration(text)]
    return " ".join((said or errors or [""])[-1].split())
