# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of what the decisions see is about faults that there are, and counts what it says."""

import importlib
import pathlib

import pytest

from lsst.ts.dailycal.model import ImageType
from lsst.ts.dailycal.sim.faults.kinds import FAULT_KINDS

BENCH = pathlib.Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="module")
def bench():
    """The modules of the program, by what they are about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCH)
        yield {
            name: importlib.import_module(f"power_{name}")
            for name in ("kinds", "frames", "healthy", "kept")
        }


@pytest.fixture(scope="module")
def detector(bench):
    return bench["frames"].Bench((24, 24))


def kind_of(bench, title):
    return next(kind for kind in bench["kinds"].KINDS if kind.title == title)


def test_every_kind_is_a_fault_of_the_simulator_with_these_parameters(bench):
    for kind in bench["kinds"].KINDS:
        known = {item.name for item in FAULT_KINDS[kind.fault].parameters}
        wanted = {kind.parameter, *(name for name, _ in kind.others)} - {""}
        assert wanted <= known, kind.title


def test_every_fault_of_a_frame_is_a_kind(bench):
    frame = {name for name, kind in FAULT_KINDS.items() if kind.point == "detector.frame"}
    assert {kind.fault for kind in bench["kinds"].KINDS} == frame


def test_a_wrong_header_is_in_the_frame_that_it_struck_and_in_no_other(bench, detector):
    kind = kind_of(bench, "1 dark of 30 s whose header gives another time")
    darks = detector.frames(ImageType.DARK, 20260903, kind, 5.0)
    asked = list(bench["frames"].DARKS)
    assert [frame.exposure_time for frame in darks] == [*asked[:6], 5.0, *asked[7:]]
    kind = kind_of(bench, "1 bias whose header gives another type")
    types = [frame.image_type for frame in detector.frames(ImageType.BIAS, 20260903, kind)]
    assert [number for number, name in enumerate(types) if name != "BIAS"] == [6]


def test_the_days_of_the_sets_are_dates_and_each_is_there_once(bench):
    days = bench["healthy"].set_days(4000)
    assert len({day for _, day in days}) == len(days)
    (frame,) = bench["frames"].Bench((24, 24)).frames(ImageType.BIAS, days[-1][1], times=(0.0,))
    assert bench["frames"].ImageName.of_exposure(frame.exposure).day_obs == days[-1][1]


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        (0, 4000, 0.0, 0.000922),
        (0, 3000, 0.0, 0.001229),
        (0, 20, 0.0, 0.168433),
        (5, 20, 0.086571, 0.491046),
    ],
)
def test_the_interval_is_that_of_clopper_and_pearson(bench, hits, trials, low, high):
    """Values from the beta distribution, e.g. ``qbeta`` of R."""
    assert bench["healthy"].interval(hits, trials) == pytest.approx((low, high), abs=2e-6)


def test_refusals_are_counted_by_who_refuses(bench):
    fields = ("today", *bench["healthy"].RULES.values())
    good = dict.fromkeys(fields, False)
    bad, odd = good | {"gate": True, "refused": True}, good | {"frames": True}
    day = {"BIAS": good, "DARK": good}
    days = [day, day, day | {"BIAS": bad}, day | {"DARK": odd}]
    references = [dict.fromkeys(bench["healthy"].REFERENCES, (False, True))]
    rows = [line.split("|") for line in bench["healthy"].table_of_sets(days, references, (9, 1))]
    counts = {row[1].strip(): (int(row[2]), int(row[3])) for row in rows[2:]}
    assert {name: count for name, count in counts.items() if count[1]} == {
        "biases, gate against the one in use": (4, 1),
        "biases, any of these three": (4, 1),
        "darks, rule for single frames": (4, 1),
        "biases or darks, any of the three": (8, 1),
        "biases, own combination, measurements drawn": (9, 1),
    }
    assert rows[-2][5].strip() == "1", "that of today"


def test_what_is_kept_is_not_judged_again_by_the_same_program(bench, tmp_path, monkeypatch):
    judged = []

    def judge(items):
        for item in items:
            judged.append(item)
            yield {"BIAS": {"gate": bool(item[1] % 2)}}

    keep, path, items = bench["kept"].keep, tmp_path / "kept.jsonl", [(1, 3), (1, 4), (2, 5)]
    first = list(keep(path, items[:2], judge))
    assert list(keep(path, items, judge)) == [*first, {"BIAS": {"gate": True}}]
    assert judged == items
    monkeypatch.setattr(bench["kept"], "program", lambda: "another one")
    list(keep(path, items, judge))
    assert judged == [*items, *items]


def test_the_scatter_of_frames_is_what_their_rule_assumes_whatever_the_size(bench):
    for size in ((24, 24), (48, 48)):
        found = bench["healthy"].measure_scatter(size)
        assert found[1:] == pytest.approx((1.0,) * 4, abs=0.25), size
