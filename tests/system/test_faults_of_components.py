# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Components that fail, are silent, or do not go where they are sent: through real processes."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from fault_outcomes import note
from fault_rig import IMAGES, QUICK, Rig, observing

from lsst.ts.dailycal.model import ExposureTaken, ImageType
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.supervisor import ObservatoryOptions, SimulatedObservatory
from lsst.ts.dailycal.testing.observatory import TIME_SCALE

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(580),
    pytest.mark.usefixtures("scripts_end"),
]

PROGRAM = [sys.executable, "-c", "from lsst.ts.dailycal.cli.main import main; main()"]
LONG = 2.5 * TIME_SCALE
"""An exposure of two and a half real seconds."""
CAMERA, ACKNOWLEDGEMENT = "camera_fault@DARK/2", "job_not_acknowledged@generate/2"
LEAVES = "leaves_enabled@ATOODS/200"
TRANSITIONS = {
    "transition_refused@ATSpectrograph/start": "ATSpectrograph refused command start",
    "transition_fault@ATHeaderService/enable": "ATHeaderService went to FAULT on command enable",
}
NOT_READY = {
    "in_fault@ATDome": "ATDome: FAULT, error 2",
    "camera_publish_only": "offline substate PUBLISH_ONLY",
    "ccd_warm": "CCD temperature: -9",
    "vacuum_poor": "pressure",
    "heartbeat_lost@ATPtg": "ATPtg",
    "queue_paused": "ScriptQueue:2: paused.",
}
COLD = "board_cold"
FAULTS = [CAMERA, ACKNOWLEDGEMENT, LEAVES, *TRANSITIONS, *NOT_READY, COLD]


async def test_a_camera_in_fault_and_a_job_without_answer_end_the_run_and_resume_mends_it(
    tmp_path, template
):
    async with observing(tmp_path, template, CAMERA, ACKNOWLEDGEMENT) as rig:
        first = await rig.run()
        assert (first.exit_code, first.state) == (1, "FAILED"), first.text
        assert rig.statuses() == ["certified", "not attempted"]
        assert "ATCamera is not ENABLED" in first.reason
        assert "the simulated fault camera_fault" in first.reason
        await rig.enable()
        second = await rig.resume()
        assert (second.exit_code, second.state) == (1, "FAILED"), second.text
        assert rig.statuses() == ["certified", "failed"]
        assert "OCPS did not accept" in second.reason
        assert "within 60 s" in second.reason
        last = await rig.resume()
        assert (last.exit_code, last.state) == (0, "DONE"), last.text
        rig.check_accounts(exposures=IMAGES)
        assert await rig.certifications() == {"bias": 1, "dark": 1}
        rig.note(CAMERA, first, last)
        rig.note(ACKNOWLEDGEMENT, second, last)


async def test_a_component_that_leaves_enabled_is_named_and_no_frame_is_lost(tmp_path, template):
    # It is counted from the moment that it is ENABLED, about ten seconds.
    async with observing(tmp_path, template, LEAVES, state="standby") as rig:
        await rig.enable()
        config = {**QUICK, "n_dark": 6, "exp_times_dark": LONG}
        first = await rig.run(config)
        assert (first.exit_code, first.state) == (1, "FAILED"), first.text
        assert "ATOODS" in first.reason
        assert "FAULT" in first.reason
        await rig.enable()
        last = await rig.resume(config)
        assert (last.exit_code, last.state) == (0, "DONE"), last.text
        assert rig.statuses() == ["certified", "certified"]
        taken = [event.image for event in rig.events(ExposureTaken)]
        # The frame that was exposed at that moment may not have reached the Butler.
        assert len(taken) - (4 + 7) in (0, 1)
        assert sum(image.planned.image_type is ImageType.BIAS for image in taken) == 4
        rig.check_accounts(exposures=len(taken))
        rig.note(LEAVES, first, last)


async def test_a_component_that_does_not_go_where_it_is_sent_is_named_and_goes_the_next_time(
    tmp_path, template
):
    async with observing(tmp_path, template, *TRANSITIONS, state="standby") as rig:
        first = await rig.run_script("auxtel/enable_latiss.py", {})
        assert (first.exit_code, first.state) == (1, "FAILED"), first.text
        assert "2 of 4 components did not become ENABLED" in first.reason
        for fault, says in TRANSITIONS.items():
            assert says in first.reason
            assert f"the simulated fault {fault.partition('@')[0]}" in first.text
            rig.note(fault, first)
        result = await rig.run_script("auxtel/enable_latiss.py", {})
        assert (result.exit_code, result.state) == (0, "DONE"), result.text


def test_everything_that_is_not_ready_is_told_at_once_and_nothing_is_started(tmp_path, template):
    directory = tmp_path / "run"
    config = SimulationConfig(root=directory, frame=DIRECT_FRAME)
    shutil.copytree(template, config.repository)
    config.save(directory / "observatory.json")
    faults = [f"--fault={fault}" for fault in (*NOT_READY, COLD)]
    command = [*PROGRAM, "run", "--small", "--directory", str(directory), "--json", *faults]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    reason = next(event for event in events if event.get("event") == "Outcome")["reason"]
    assert "Nothing was started." in reason
    for fault, says in NOT_READY.items():
        assert says in reason, fault
    assert "WREB board" in done.stdout
    assert not any(event.get("event") == "StepStarted" for event in events)
    assert not list(directory.glob("raw/*/*.fits"))
    rig = Rig(SimulatedObservatory(ObservatoryOptions(config)), tmp_path)
    rig.check_struck(*NOT_READY, COLD)
    for fault in (*NOT_READY, COLD):
        note(fault, "", done.returncode, reason)
