# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is heard of scripts, in the words of old and new interfaces."""

import logging
from types import SimpleNamespace

import pytest

from lsst.ts.dailycal.model import ProcessState, ScriptState
from lsst.ts.dailycal.sal.queue.tracks import QueueTracks

RUNNING, DONE = int(ScriptState.RUNNING), int(ScriptState.DONE)


class Interface:
    """Messages as one version of the interface has them."""

    def __init__(self, queue_field, script_field):
        self.tracks = QueueTracks(queue_field)
        self.queue_field, self.script_field = queue_field, script_field

    def script(self, index, process, state):
        self.tracks.hear_script(
            SimpleNamespace(
                **{"salIndex": 2, self.queue_field: index},
                path="auxtel/enable_latiss.py",
                processState=int(process),
                scriptState=int(state),
            )
        )

    def own(self, index, **fields):
        return SimpleNamespace(**{self.script_field: index}, **fields)

    def state(self, index, state, checkpoint="", number=0, reason=""):
        self.tracks.hear_state(
            self.own(
                index,
                state=int(state),
                reason=reason,
                lastCheckpoint=checkpoint,
                numCheckpoints=number,
            )
        )

    def log(self, index, level, text, path="scripts/enable.py"):
        self.tracks.hear_log(self.own(index, level=level, message=text, filePath=path))

    def update(self, index):
        return self.tracks.get(index).update(index, queue_running=True)


@pytest.fixture(params=[("salIndex", "ScriptID"), ("scriptSalIndex", "salIndex")], ids=["6", "8"])
def heard(request):
    return Interface(*request.param)


def test_scripts_are_told_apart_by_index(heard):
    heard.script(200001, ProcessState.RUNNING, ScriptState.RUNNING)
    heard.state(200001, ScriptState.RUNNING, "set OCPS:1", 1)
    heard.state(200002, ScriptState.PAUSED, "BIAS 3/21", 3)
    first, second = heard.update(200001), heard.update(200002)
    assert (first.process, first.checkpoint) == (ProcessState.RUNNING, "set OCPS:1")
    assert (second.state, second.checkpoints_passed) == (ScriptState.PAUSED, 3)
    assert heard.tracks.queued(200001).path == "auxtel/enable_latiss.py"


def test_the_end_counts_whoever_tells_it_first(heard):
    heard.state(1, ScriptState.RUNNING)
    heard.script(1, ProcessState.DONE, ScriptState.FAILED)
    assert heard.tracks.get(1).is_over
    assert not heard.tracks.get(1).has_said_goodbye
    heard.state(1, ScriptState.FAILED, reason="no answer")
    assert heard.tracks.get(1).has_said_goodbye
    assert heard.update(1).reason == "no answer"


def test_the_script_knows_better_than_the_queue_as_long_as_it_runs(heard):
    heard.script(1, ProcessState.RUNNING, ScriptState.RUNNING)
    heard.state(1, ScriptState.PAUSED, "here")
    assert heard.update(1).state is ScriptState.PAUSED


def test_messages_are_handed_over_once_and_chatter_of_salobj_is_left_out(heard):
    heard.log(1, logging.INFO, "ATCamera is ENABLED.")
    heard.log(1, logging.DEBUG, "detail")
    heard.log(1, logging.INFO, "Read historical data", "site/lsst/ts/salobj/sal_info.py")
    heard.log(1, logging.WARNING, "queue is full", "site/lsst/ts/salobj/read_topic.py")
    assert heard.update(1).messages == (
        (logging.INFO, "ATCamera is ENABLED."),
        (logging.WARNING, "queue is full"),
    )
    assert heard.update(1).messages == ()


def test_the_metadata_tell_what_to_expect(heard):
    heard.tracks.hear_metadata(heard.own(1, duration=895.8, totalCheckpoints=46))
    update = heard.update(1)
    assert (update.expected_duration, update.checkpoints_expected) == (895.8, 46)


def test_a_state_that_is_newer_than_this_program_is_unknown(heard):
    heard.script(1, 99, 99)
    heard.state(1, 99)
    assert heard.update(1).state is ScriptState.UNKNOWN
    assert not heard.tracks.get(1).is_over


def test_what_was_heard_of_an_index_before_can_be_forgotten(heard):
    heard.state(1, ScriptState.DONE)
    heard.tracks.forget()
    assert not heard.tracks.get(1).is_over
