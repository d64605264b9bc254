# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsst.ts.dailycal.sim.faults.fault import Fault
from lsst.ts.dailycal.sim.faults.kinds import FAULT_KINDS
from lsst.ts.dailycal.sim.faults.schedule import FaultSchedule
from lsst.ts.dailycal.sim.faults.when import When


def schedule(*texts, seed=1, elapsed=lambda: 0.0):
    return FaultSchedule([Fault.parse(text) for text in texts], seed, elapsed)


def strikes(plan, point, times, **context):
    return [number for number in range(1, times + 1) if plan.hit(point, **context) is not None]


@pytest.mark.parametrize("name", FAULT_KINDS)
def test_every_fault_strikes_once_at_its_point_and_is_described(name):
    kind = FAULT_KINDS[name]
    plan = schedule(name)
    assert strikes(plan, kind.point, 5) == [1]
    assert plan.struck == [Fault.parse(name)]
    assert kind.help
    assert "\n" not in kind.help
    for parameter in kind.parameters:
        assert parameter.help


@pytest.mark.parametrize(
    ("when", "expected"),
    [("3", [3]), ("2-4", [2, 3, 4]), ("4-", [4, 5, 6]), ("*", [1, 2, 3, 4, 5, 6])],
)
def test_a_fault_strikes_the_times_it_says(when, expected):
    assert strikes(schedule(f"end_readout_lost@{when}"), "camera.end_readout", 6) == expected


def test_only_occasions_that_fit_are_counted():
    plan = schedule("end_readout_lost@DARK/2")
    types = ["BIAS", "DARK", "BIAS", "DARK", "DARK"]
    hits = [plan.hit("camera.end_readout", image_type=t) is not None for t in types]
    assert hits == [False, False, False, True, False]


def test_another_point_is_not_an_occasion():
    plan = schedule("end_readout_lost")
    assert plan.hit("camera.ack") is None
    assert plan.hit("camera.end_readout") is not None


def test_a_fault_waits_for_its_time():
    now = [0.0]
    plan = schedule("leaves_enabled@OCPS:1/300s:state=STANDBY", elapsed=lambda: now[0])
    assert plan.hit("component.state", component="OCPS:1") is None
    now[0] = 300.0
    assert plan.hit("component.state", component="ATOODS") is None
    fault = plan.hit("component.state", component="OCPS:1")
    assert fault is not None
    assert fault.text("state") == "STANDBY"


def test_chance_is_the_same_for_the_same_seed():
    hits = [strikes(schedule("ingest_late@20%", seed=5), "ingest", 500) for _ in range(2)]
    assert hits[0] == hits[1]
    assert len(hits[0]) == pytest.approx(100, abs=30)
    assert hits[0] != strikes(schedule("ingest_late@20%", seed=6), "ingest", 500)


def test_chance_can_be_limited_to_a_number_of_times():
    assert len(strikes(schedule("ingest_late@50%/1-3"), "ingest", 100)) == 3


def test_a_lasting_fault_is_not_used_up():
    plan = schedule("ccd_warm", "vacuum_poor")
    for _ in range(3):
        assert [fault.name for fault in plan.lasting("conditions")] == ["ccd_warm", "vacuum_poor"]


def test_the_first_of_two_faults_strikes_and_both_are_counted():
    plan = schedule("ingest_late@2", "ingest_silent@2-3")
    names = [fault and fault.name for fault in (plan.hit("ingest") for _ in range(3))]
    assert names == [None, "ingest_late", "ingest_silent"]


def test_parameters_have_defaults_and_can_be_set():
    assert Fault.parse("ingest_late").number("delay") == 60.0
    assert Fault.parse("ingest_late:delay=90").number("delay") == 90.0
    assert Fault.parse("new_sequencer@*:day_obs=20261124,strength=2").number("strength") == 2.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "ingest_late@",
        "ingest_late@0",
        "ingest_late@4-2",
        "ingest_late@1/2",
        "ingest_late@0%",
        "ingest_late@101%",
        "ingest_late@-",
        "ingest_late:",
        "ingest_late:delay",
        "ingest_late:delay=x",
        "ingest_late:delay=1,delay=2",
        "ingest_late:speed=1",
        "ingest_late@3:delay=1:delay=2",
    ],
)
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        Fault.parse(text)


whens = st.builds(
    lambda first, more, words, after, chance: When(
        first, None if more is None else first + more, tuple(words), after, chance
    ),
    st.integers(1, 50),
    st.none() | st.integers(0, 9),
    st.lists(st.sampled_from(["BIAS", "DARK", "OCPS:1", "verify"]), max_size=2, unique=True),
    st.integers(0, 900).map(float),
    st.sampled_from([1.0, 0.5, 0.25]),
)
faults = st.builds(
    lambda kind, when, value: Fault(
        kind,
        when,
        tuple((p.name, value) for p in kind.parameters if isinstance(p.default, float)),
    ),
    st.sampled_from(sorted(FAULT_KINDS.values(), key=lambda kind: kind.name)),
    whens,
    st.integers(-1000, 1000).map(float),
)


@given(faults)
def test_a_fault_survives_its_text(fault):
    assert Fault.parse(str(fault)) == fault


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_with_a_value_error(text):
    try:
        fault = Fault.parse(text)
    except ValueError:
        return
    assert Fault.parse(str(fault)) == fault
