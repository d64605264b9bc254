# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import asyncio
import dataclasses
import itertools
import json
import multiprocessing
from pathlib import Path

import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from lsst.ts.dailycal.model import ConfigurationError, ImageName
from lsst.ts.dailycal.sim.clock import (
    TAI_MINUS_UTC,
    SimulatedClock,
    current_tai,
    day_obs,
    iso_from_tai,
    mjd_from_tai,
    tai_from_iso,
)
from lsst.ts.dailycal.sim.conditions import Conditions, ConditionsModel
from lsst.ts.dailycal.sim.config import CONFIG_VARIABLE, FULL_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.exposures import DataAcquisition, SimulatedExposure
from lsst.ts.dailycal.sim.names import ImageNameService
from lsst.ts.dailycal.sim.spectrograph import FILTERS, find_slot
from lsst.ts.dailycal.sim.world import World
from lsst.ts.dailycal.testing.loop import run_fast

NOON = tai_from_iso("2026-11-23T12:00:00")


# --- clock ---------------------------------------------------------------------------------


def test_tai_is_ahead_of_utc_as_astropy_says():
    now = Time("2026-11-23T00:00:00", scale="utc")
    assert (Time(now.tai.isot, scale="utc") - now).sec == pytest.approx(TAI_MINUS_UTC)
    assert current_tai() == pytest.approx(Time.now().unix + TAI_MINUS_UTC, abs=5)


def test_dates_agree_with_astropy():
    tai = tai_from_iso("2026-11-23T07:08:09.123")
    expected = Time("2026-11-23T07:08:09.123", scale="tai")
    assert mjd_from_tai(tai) == pytest.approx(expected.mjd, abs=1e-9)
    assert iso_from_tai(tai) == expected.isot


def test_a_tai_time_has_no_time_zone():
    with pytest.raises(ValueError, match="time zone"):
        tai_from_iso("2026-11-23T12:00:00+00:00")


def test_day_obs_changes_at_noon_tai():
    assert day_obs(NOON - 0.001) == 20261122
    assert day_obs(NOON) == 20261123


def test_the_clock_runs_at_its_scale():
    real = [100.0]
    clock = SimulatedClock(NOON, 100.0, scale=20.0, real=lambda: real[0])
    assert clock.tai() == NOON
    real[0] = 103.0
    assert clock.tai() == NOON + 60.0


def test_a_scaled_sleep_takes_the_scaled_time():
    async def scenario():
        loop = asyncio.get_running_loop()
        clock = SimulatedClock(NOON, loop.time(), scale=4.0, real=loop.time)
        await clock.sleep(100.0)
        return loop.time(), clock.tai()

    assert run_fast(scenario()) == pytest.approx((25.0, NOON + 100.0))


# --- image names ---------------------------------------------------------------------------


def test_names_count_from_one_in_every_observing_day():
    names = ImageNameService()
    given = [str(names.next(day)) for day in (20261122, 20261122, 20261123)]
    assert given == ["AT_O_20261122_000001", "AT_O_20261122_000002", "AT_O_20261123_000001"]


def test_a_restarted_service_gives_no_number_twice(tmp_path):
    path = tmp_path / "numbers"
    first = [ImageNameService(path).next(20261122) for _ in range(3)]
    assert [name.seq_num for name in first] == [1, 2, 3]


def test_two_controllers_share_one_sequence():
    names = ImageNameService()
    assert [names.next(20261122, letter).seq_num for letter in "OCO"] == [1, 2, 3]


def _take_names(path, count, results):
    names = ImageNameService(path)
    results.put([names.next(20261122).seq_num for _ in range(count)])


def test_two_processes_never_get_the_same_name(tmp_path):
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [
        context.Process(target=_take_names, args=(tmp_path / "numbers", 50, results))
        for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    given = [number for _ in workers for number in results.get(timeout=60)]
    for worker in workers:
        worker.join()
    assert sorted(given) == list(range(1, 151))


def test_a_day_that_is_full_gives_no_name(tmp_path):
    path = tmp_path / "numbers"
    path.write_text(json.dumps({"20261122": 99_999}))
    with pytest.raises(OverflowError, match="20261122"):
        ImageNameService(path).next(20261122)


# --- settings ------------------------------------------------------------------------------


def test_settings_survive_the_file(tmp_path, monkeypatch):
    config = SimulationConfig(
        seed=7,
        time_scale=20.0,
        frame=(64, 128),
        root=tmp_path,
        conditions=Conditions(ccd=-98.0),
        faults=("end_readout_lost@DARK/3", "ingest_late:delay=90"),
    ).started()
    path = tmp_path / "sub" / "settings.json"
    config.save(path)
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))
    assert SimulationConfig.load() == config


def test_a_missing_key_keeps_its_default():
    config = SimulationConfig.from_json('{"frame": "full", "conditions": {"ccd": -100}}')
    assert config.frame == FULL_FRAME
    assert config.conditions == Conditions(ccd=-100.0)
    assert config.time_scale == 1.0


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "not JSON"),
        ("[]", "JSON object"),
        ('{"sed": 1}', "sed"),
        ('{"seed": -1}', "seed"),
        ('{"seed": true}', "seed"),
        ('{"time_scale": 0}', "time_scale"),
        ('{"time_scale": NaN}', "time_scale"),
        ('{"frame": "big"}', "frame"),
        ('{"frame": "8x8"}', "frame"),
        ('{"frame": [600, 64]}', "frame"),
        ('{"root": null}', "root"),
        ('{"raw_path": 3}', "raw_path"),
        ('{"conditions": {"cdc": 1}}', "cdc"),
        ('{"conditions": {"ccd": "cold"}}', "ccd"),
        ('{"faults": "all"}', "faults"),
        ('{"faults": ["shuttr_stuck"]}', "shuttr_stuck"),
        ('{"started_at": 5}', "start_tai"),
        ('{"cosmic_ray_rate": -1}', "cosmic_ray_rate"),
    ],
)
def test_a_wrong_setting_is_named(text, what):
    with pytest.raises(ConfigurationError, match=what):
        SimulationConfig.from_json(text)


def test_every_wrong_setting_is_reported_at_once():
    with pytest.raises(ConfigurationError) as caught:
        SimulationConfig(seed=-1, time_scale=-1, faults=("nonsense",))
    assert len(caught.value.problems) == 3


def test_a_file_that_is_missing_or_wrong_is_named(tmp_path, monkeypatch):
    with pytest.raises(ConfigurationError, match=r"nothing\.json"):
        SimulationConfig.load(tmp_path / "nothing.json")
    (tmp_path / "wrong.json").write_text('{"seed": -1}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"wrong\.json: seed"):
        SimulationConfig.load(tmp_path / "wrong.json")
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    with pytest.raises(ConfigurationError, match=CONFIG_VARIABLE):
        SimulationConfig.load()


def test_starting_fixes_time_and_paths_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    started = SimulationConfig(root=Path("here")).started()
    assert started.raw_directory == tmp_path / "here" / "raw"
    assert started.started() is started


# --- conditions ----------------------------------------------------------------------------


def test_conditions_wander_slowly_about_their_means():
    model = ConditionsModel(Conditions(), seed=1)
    readings = [model.read(NOON + second) for second in range(0, 7200, 10)]
    ccd = [reading.ccd for reading in readings]
    assert min(ccd) < max(ccd)
    assert all(abs(value + 104.0) < 0.2 for value in ccd)
    assert max(abs(a - b) for a, b in itertools.pairwise(ccd)) < 0.05
    assert all(reading.vacuum < 8e-4 and reading.cold_plate < -108 for reading in readings)
    assert all(26 <= reading.boards[1] <= 29 for reading in readings)


def test_two_processes_read_the_same_conditions():
    assert ConditionsModel(Conditions(), 3).read(NOON) == ConditionsModel(Conditions(), 3).read(
        NOON
    )


def test_a_warm_dewar_is_a_fault_that_lasts():
    world = World(
        SimulationConfig(faults=("ccd_warm:temperature=-90", "vacuum_poor")), in_memory=True
    )
    for _ in range(3):
        assert world.conditions().ccd == pytest.approx(-90, abs=0.2)
        assert world.conditions().vacuum > 3e-3
    assert world.conditions().cold_plate < -108


# --- data acquisition and spectrograph -----------------------------------------------------

exposures = st.builds(
    SimulatedExposure,
    name=st.builds(ImageName, st.just(20261122), st.integers(1, 99_999)),
    image_type=st.sampled_from(["BIAS", "DARK", "FLAT"]),
    exposure_time=st.floats(0, 900),
    begin_tai=st.floats(1e9, 2e9),
    end_tai=st.floats(1e9, 2e9),
    note=st.text(max_size=20),
)


@given(exposures)
def test_an_exposure_survives_its_json(exposure):
    assert SimulatedExposure.from_json(exposure.to_json()) == exposure


@pytest.mark.parametrize(
    "text", ["[]", "{}", "{", '{"name": "x"}', '{"name": "AT_O_20261122_000001"}']
)
def test_what_is_not_an_exposure_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        SimulatedExposure.from_json(text)


def test_another_process_finds_the_exposure(tmp_path):
    name = ImageName(day_obs=20261122, seq_num=5)
    exposure = SimulatedExposure(name, "DARK", 5.0, NOON, NOON + 5)
    DataAcquisition(tmp_path / "daq").put(exposure)
    assert DataAcquisition(tmp_path / "daq").get(name) == exposure
    with pytest.raises(LookupError, match="000006"):
        DataAcquisition(tmp_path / "daq").get(dataclasses.replace(name, seq_num=6))
    assert list((tmp_path / "daq").iterdir()) == [tmp_path / "daq" / f"{name}.json"]


@pytest.mark.parametrize(("wanted", "slot"), [("SDSSr_65mm", 2), (0, 0), (3, 3)])
def test_a_filter_is_found_by_name_or_slot(wanted, slot):
    assert find_slot(FILTERS, wanted) == slot


@pytest.mark.parametrize("wanted", ["sdssr", "", -1, 4])
def test_an_unknown_filter_is_refused(wanted):
    with pytest.raises(LookupError):
        find_slot(FILTERS, wanted)
