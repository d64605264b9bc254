# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fault that was rehearsed is named at the end: where it struck, or why it never did."""

import errno
import json

import jsonschema
import pytest

from lsst.ts.dailycal.cli.simulate.faults_at_end import tell_faults
from lsst.ts.dailycal.cli.watch.schema import line_schema
from lsst.ts.dailycal.model import IngestError
from lsst.ts.dailycal.sim.config import SimulationConfig
from lsst.ts.dailycal.sim.faults.fault import Fault
from lsst.ts.dailycal.sim.faults.log import FAULT_LOG, FaultLog, report_faults
from lsst.ts.dailycal.sim.faults.schedule import FaultSchedule
from lsst.ts.dailycal.sim.world import World

LABELS = {"AT_O_20261122_000003": "DARK 3/23"}


def rehearse(path, *texts, times=3, seconds=10.0):
    """Take some darks in an observatory with these faults, and say what became of them."""
    now = [0.0]
    log = FaultLog(path / FAULT_LOG)
    plan = FaultSchedule(map(Fault.parse, texts), 1, lambda: now[0], log.note)
    for number in range(1, times + 1):
        about = {"image_type": "DARK", "image_name": f"AT_O_20261122_{number:06}"}
        plan.hit("camera.end_readout", **about)
        plan.hit("ingest", **about)
        plan.lasting("conditions")
        now[0] += seconds
    return [str(item) for item in report_faults(texts, log.read(), LABELS)]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("end_readout_lost@DARK/3", "struck at DARK 3/23, AT_O_20261122_000003."),
        ("end_readout_lost@2", "struck at DARK, AT_O_20261122_000002."),
        ("ingest_silent@*", "struck 3 times, first at DARK, AT_O_20261122_000001."),
        ("ccd_warm", "struck at 0 s of simulated time, and lasted."),
        ("ccd_warm@15s", "struck at 20 s of simulated time, and lasted."),
        ("end_readout_lost@DARK/9", "never struck, because it waits for time 9 of DARK, which "
         "came 3 times."),
        ("end_readout_lost@BIAS/1", "never struck, because BIAS never came."),
        ("job_error", "never struck, because there was no occasion for it."),
        ("ingest_late@900s", "never struck, because it waits for 900 s of simulated time, and "
         "what it strikes came last at 20 s."),
        ("ccd_warm@900s", "never struck, because it waits for 900 s of simulated time, and "
         "what it strikes never came."),
        ("ingest_late@0.0001%", "never struck, because chance spared all 3 occasions, at "
         "0.0001 % each."),
        ("repository_locked", "never struck, because the repository is a real one: it strikes in "
         "the observatory in memory only."),
    ],
)  # fmt: skip
def test_a_fault_says_where_it_struck_or_why_it_never_did(tmp_path, fault, text):
    assert rehearse(tmp_path, fault) == [f"Fault {Fault.parse(fault)} {text}"]


def test_what_every_process_feels_strikes_once(tmp_path):
    for _ in range(3):
        texts = rehearse(tmp_path, "ccd_warm")
    assert texts == ["Fault ccd_warm struck at 0 s of simulated time, and lasted."]


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "file").touch()
    assert rehearse(tmp_path / "file", "end_readout_lost") == [
        "Fault end_readout_lost never struck, because there was no occasion for it."
    ]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_command_ends_with_what_became_of_its_faults(tmp_path, capsys, as_json):
    config = SimulationConfig(root=tmp_path, faults=("disk_full", "job_error"))
    World(config).faults.hit("ingest.file", image_type="BIAS")
    tell_faults(config, [], as_json=as_json)
    lines = capsys.readouterr().out.splitlines()
    if not as_json:
        assert lines == [
            "Fault disk_full struck at BIAS.",
            "Fault job_error never struck, because there was no occasion for it.",
        ]
        return
    for line in map(json.loads, lines):
        jsonschema.validate(line, line_schema())
        assert line["event"] == "FaultRehearsed"
        assert bool(line["struck"]) != bool(line["reason"])


def test_a_full_disk_refuses_a_raw_file_and_keeps_nothing_of_it(tmp_path):
    world = World(SimulationConfig(frame=(32, 40), root=tmp_path))
    exposure = next(world.reference_exposures(biases=1, dark_times=[]))
    with pytest.raises(OSError, match="No space left on device") as caught:
        world.write(exposure, damage=Fault.parse("disk_full"))
    assert caught.value.errno == errno.ENOSPC
    assert not list(world.config.raw_directory.rglob("*.fits*"))


@pytest.mark.parametrize(
    ("description", "remedy"),
    [("OSError: [Errno 28] No space left on device: '/raw'", "Make room on the disk"),
     ("the file is empty", "Look at the log of ATOODS")],
)  # fmt: skip
def test_the_advice_of_a_full_disk_is_to_make_room(description, remedy):
    error = IngestError.refused("AT_O_20261122_000003", 1, description, last_seen="")
    assert error.remedy.startswith(remedy)
