# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""`dailycal watch`: a run is followed to its end, by its journals alone."""

import threading
import time

import pytest
from click.testing import CliRunner

from lsst.ts.dailycal import model
from lsst.ts.dailycal.cli.main import cli
from lsst.ts.dailycal.cli.watch import command
from lsst.ts.dailycal.model import ImageType
from lsst.ts.dailycal.run import run_lock
from lsst.ts.dailycal.run.journal import RUN_CODEC

RUN = "20261123T120000-200001"
PLANNED = model.PlannedExposure(ImageType.BIAS, 0.0, 1, 1, False)
EVENTS = (
    model.RunStarted(RUN, "", (PLANNED,), (), model.ImageTags("2026-11-23T12:00:00.000"), "0"),
    model.ExposureAsked(PLANNED, 1, "g#1"),
    model.ExposureTaken(model.Image(PLANNED, model.ImageName(20261123, 1))),
    model.Message(30, "BIAS 1/1 is late."),
    model.RunEnded(model.RunOutcome(RUN, (), model.Failure("run", "no camera"))),
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(command, "INTERVAL", 0.02)
    monkeypatch.setattr("lsst.ts.dailycal.cli.watch.follow.INTERVAL", 0.02)


def write(path, events, *, first=0):
    with path.open("a", encoding="ascii") as stream:
        for number, event in enumerate(events, start=first):
            stream.write(RUN_CODEC.encode(event, number=number, tai=time.time() + 37.0) + "\n")


def watch(path, *options):
    return CliRunner().invoke(
        cli, ["watch", path.stem, "--directory", str(path.parent), *options], standalone_mode=False
    )


def test_a_run_under_way_is_followed_to_its_end(tmp_path):
    path = tmp_path / f"{RUN}.jsonl"
    write(path, EVENTS[:2])

    def go_on():
        time.sleep(0.3)
        write(path, EVENTS[2:], first=2)

    with run_lock(path):
        thread = threading.Thread(target=go_on)
        thread.start()
        result = watch(path)
        thread.join()
    assert result.exception is None
    assert "BIAS 1/1 is late." in result.output
    assert f"Run {RUN}: failed" in result.output
    assert f"To go on:  dailycal resume {RUN} --directory {tmp_path}" in result.output


def test_a_run_whose_process_was_killed_is_not_waited_for(tmp_path):
    path = tmp_path / f"{RUN}.jsonl"
    write(path, EVENTS[:3])
    result = watch(path)
    assert result.exception is None
    assert "no end recorded" in result.output
    assert f"dailycal resume {RUN}" in result.output


def test_the_watched_records_are_there_for_programs(tmp_path):
    path = tmp_path / f"{RUN}.jsonl"
    write(path, EVENTS)
    assert watch(path, "--json").output.count('"event"') == len(EVENTS)
