# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is heard of the scripts in a queue, from the queue and from the scripts themselves."""

__all__ = ["QueueTracks", "Track"]

import dataclasses
import logging
import typing
from collections.abc import Mapping

from ...model import ProcessState, QueuedScript, ScriptState, ScriptUpdate
from ..compat import message_fields, message_index

MOST_MESSAGES = 1000
"""Log messages of a script that are kept until somebody takes them."""


@dataclasses.dataclass(slots=True)
class Track:
    """What was heard of one script."""

    path: str = ""
    process: ProcessState = ProcessState.UNKNOWN
    seen_by_queue: ScriptState = ScriptState.UNKNOWN
    own: ScriptState = ScriptState.UNKNOWN
    reason: str = ""
    checkpoint: str = ""
    passed: int = 0
    expected: int = 0
    duration: float = 0.0
    messages: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    changes: int = 0
    """Counts what was heard, so that news can be told from what is known."""

    @property
    def state(self) -> ScriptState:
        """State of the script: its own word, or the queue's if that knows better."""
        final = self.seen_by_queue >= ScriptState.DONE
        return self.seen_by_queue if final or not self.own else self.own

    @property
    def is_over(self) -> bool:
        """Has the script ended, one way or another (`bool`)?"""
        return ScriptUpdate(0, self.process, self.state).is_over

    @property
    def has_said_goodbye(self) -> bool:
        """Has the script itself told its last state (`bool`)?"""
        return self.own >= ScriptState.DONE

    def update(self, index: int, *, queue_running: bool) -> ScriptUpdate:
        """Put together what is known, and hand over the messages."""
        messages, self.messages = tuple(self.messages), []
        return ScriptUpdate(
            index=index,
            process=self.process,
            state=self.state,
            checkpoint=self.checkpoint,
            checkpoints_passed=self.passed,
            checkpoints_expected=self.expected,
            expected_duration=self.duration,
            reason=self.reason,
            messages=messages,
            queue_running=queue_running,
        )


class QueueTracks:
    """Stores what is heard, by script index.

    Parameters
    ----------
    index_field : `str`
        Field of the queue's events that holds the index of a script: ``salIndex`` up to
        XML 11, ``scriptSalIndex`` from 12.
    """

    def __init__(self, index_field: str) -> None:
        self._index_field = index_field
        self._tracks: dict[int, Track] = {}

    def get(self, index: int) -> Track:
        """Return what is known of a script (`Track`)."""
        return self._tracks.setdefault(index, Track())

    def forget(self) -> None:
        """Forget everything: indices are used again when a queue is restarted."""
        self._tracks.clear()

    def queued(self, index: int) -> QueuedScript:
        """Describe a script that is in the queue (`QueuedScript`)."""
        track = self.get(index)
        return QueuedScript(index, track.path, track.state)

    def hear_script(self, message: typing.Any) -> None:
        """Store the queue's event ``script``."""
        fields = message_fields(message)
        track = self.get(int(fields[self._index_field]))
        track.path = fields["path"]
        track.process = _as(ProcessState, fields["processState"])
        track.seen_by_queue = _as(ScriptState, fields["scriptState"])
        track.changes += 1

    def hear_state(self, message: typing.Any) -> None:
        """Store a script's event ``state``."""
        fields, track = self._own(message)
        track.own = _as(ScriptState, fields["state"])
        track.reason = fields["reason"]
        track.checkpoint, track.passed = fields["lastCheckpoint"], fields["numCheckpoints"]
        track.changes += 1

    def hear_metadata(self, message: typing.Any) -> None:
        """Store a script's event ``metadata``."""
        fields, track = self._own(message)
        track.duration, track.expected = fields["duration"], fields["totalCheckpoints"]
        track.changes += 1

    def hear_log(self, message: typing.Any) -> None:
        """Store a script's event ``logMessage``."""
        fields, track = self._own(message)
        # What salobj itself says at level INFO is of no use to an observer.
        chatter = "salobj" in fields.get("filePath", "") and fields["level"] < logging.WARNING
        if fields["level"] >= logging.INFO and not chatter:
            track.messages.append((fields["level"], fields["message"]))
            del track.messages[:-MOST_MESSAGES]
            track.changes += 1

    def _own(self, message: typing.Any) -> tuple[Mapping[str, typing.Any], Track]:
        return message_fields(message), self.get(message_index(message, "Script"))


E_ = typing.TypeVar("E_", ProcessState, ScriptState)


def _as(kind: type[E_], value: int) -> E_:
    try:
        return kind(value)
    except ValueError:  # a state that is newer than this program
        return kind(0)
