# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import dataclasses
import gzip
import json
import pickle

import numpy as np
import pytest
from astropy.io import fits

from lsst.ts.dailycal.model import ConfigurationError
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.raw.error import RawFrameError
from lsst.ts.dailycal.pipelines.raw.frame import open_raw
from lsst.ts.dailycal.sim.config import RawFileOptions, SimulationConfig
from lsst.ts.dailycal.sim.faults.fault import Fault
from lsst.ts.dailycal.sim.frame_effects import FrameEffect
from lsst.ts.dailycal.sim.raw import raw_path, write_raw
from lsst.ts.dailycal.sim.world import World

# Damaged files make astropy talk.
pytestmark = pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyUserWarning")


@pytest.fixture
def world(tmp_path):
    return World(SimulationConfig(frame=(32, 40), root=tmp_path))


@pytest.fixture
def exposure(world):
    *_, last = world.reference_exposures(biases=1, dark_times=[15.0])
    return last


def test_a_raw_file_holds_the_pixels_in_readout_order(world, exposure):
    path = world.write(exposure)
    frame = world.read(exposure)
    with fits.open(path) as hdus:
        hdus.verify("exception")
        names = [hdu.header["EXTNAME"] for hdu in hdus[1:17]]
        pixels = np.stack([hdu.data for hdu in hdus[1:17]])
    assert names == [amplifier.extname for amplifier in LATISS.amplifiers]
    assert pixels.dtype.kind == "i"
    assert pixels.dtype.itemsize == 4
    assert np.array_equal(pixels, frame.pixels)


def test_the_pipelines_understand_a_raw_file(world, exposure):
    raw = open_raw(world.write(exposure))
    assert raw.exposure == exposure.name.exposure_id
    assert (raw.image_type, raw.exposure_time) == ("DARK", 15.0)
    assert raw.dark_time == pytest.approx(exposure.dark_time)
    assert raw.shape == (80, 256)
    assert [a.amplifier.name for a in raw.amplifiers][:2] == ["C10", "C11"]


def test_the_header_has_what_the_butler_needs(world, exposure):
    header = fits.getheader(world.write(exposure))
    needed = """INSTRUME OBSID DAYOBS SEQNUM CONTRLLR CAMCODE IMGTYPE GROUPID TESTTYPE PROGRAM
        REASON EXPTIME DARKTIME DATE MJD DATE-BEG MJD-BEG DATE-OBS MJD-OBS DATE-END MJD-END
        TIMESYS FILTER GRATING CURINDEX MAXINDEX LSST_NUM DETSER TEMP_SET CCDTEMP SEQNAME
        SEQFILE SEQCKSUM ODP AP0_RC TRACKSYS SHUTTIME"""
    assert [key for key in needed.split() if key not in header] == []
    assert header["INSTRUME"] == "LATISS"
    assert header["TIMESYS"] == "TAI"
    assert header["DARKTIME"] >= header["EXPTIME"]
    assert header["OBSID"] == str(exposure.name)
    assert header["MJD-END"] - header["MJD-BEG"] == pytest.approx(15.02 / 86400)
    assert header["DATE-OBS"] == header["DATE-BEG"]


def test_file_and_directory_are_named_after_image_and_day(world, exposure):
    path = world.write(exposure)
    assert path == raw_path(world.config.raw_directory, exposure.name)
    assert path.parent.name == str(exposure.name.day_obs)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_that_cannot_be_written_leaves_nothing(world, exposure, tmp_path):
    path = tmp_path / "taken" / "x.fits"
    path.mkdir(parents=True)
    with pytest.raises(OSError, match=r"x\.fits"):
        write_raw(path, world.read(exposure), world.header(exposure))
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "fault",
    ["file_empty", "file_corrupt", "file_corrupt:where=data", "file_short", "file_nan"],
)
def test_a_damaged_file_is_recognised_by_the_pipelines(world, exposure, fault):
    path = world.write(exposure, damage=Fault.parse(fault))
    with pytest.raises(RawFrameError):
        open_raw(path)


@pytest.mark.parametrize("fault", ["file_corrupt:where=data", "file_short", "file_nan"])
def test_a_damaged_file_may_still_have_its_header(world, exposure, fault):
    path = world.write(exposure, damage=Fault.parse(fault))
    assert fits.getheader(path)["OBSID"] == str(exposure.name)


def test_a_saturated_file_is_whole(world, exposure):
    raw = open_raw(world.write(exposure, damage=Fault.parse("file_saturated")))
    pixels = raw.amplifiers[3].pixels.read(0, 10)
    assert (pixels == LATISS.adc_maximum).all()


def test_a_new_sequencer_shows_in_the_header_from_its_day_on(tmp_path):
    config = SimulationConfig(frame=(32, 40), root=tmp_path, faults=("new_sequencer",))
    changed, before = World(config), World(SimulationConfig(frame=(32, 40), root=tmp_path))
    earlier = next(changed.reference_exposures(biases=1, dark_times=[]))
    today = type(earlier)(
        changed.names.next(changed.clock.day_obs()), "BIAS", 0.0, earlier.begin_tai, earlier.end_tai
    )

    def sequencer(world, exposure):
        return {card.key: card.value for card in world.header(exposure)}["SEQFILE"]

    assert sequencer(changed, earlier) == sequencer(before, today)
    assert sequencer(changed, today) != sequencer(before, today)
    assert np.array_equal(changed.read(earlier).pixels, before.read(earlier).pixels)
    assert not np.array_equal(changed.read(today).pixels, before.read(today).pixels)


@pytest.mark.parametrize(
    ("values", "expected"),
    [((), ("ENGTEST", 15.0)), ((("image_type", "same"), ("seconds", 5.0)), ("DARK", 5.0))],
)
def test_a_wrong_header_is_read_as_it_is_and_the_pixels_are_the_right_ones(
    world, exposure, values, expected
):
    wrong = dataclasses.replace(exposure, effects=(FrameEffect("header_wrong", values),))
    raw = open_raw(world.write(wrong))
    assert (raw.image_type, raw.exposure_time) == expected
    assert np.array_equal(world.read(wrong).pixels, world.read(exposure).pixels)


def test_a_raw_file_looks_as_the_camera_writes_it(world, exposure):
    with fits.open(world.write(exposure)) as hdus:
        assert [hdu.name for hdu in hdus[17:]] == ["REB_COND", "CONFIG_COND"]
        assert not any("BIASSEC" in hdu.header for hdu in hdus)
        assert hdus["Segment10"].header["DETSEC"] == "[32:1,1:40]"
        assert hdus["Segment07"].header["DETSEC"] == "[256:225,80:41]"


@pytest.mark.parametrize(
    "options", [RawFileOptions(rice=True), RawFileOptions(tables=False)], ids=str
)
def test_however_it_is_written_the_pixels_are_the_same(tmp_path, options):
    world = World(SimulationConfig(frame=(32, 40), root=tmp_path, raw_files=options))
    exposure = next(world.reference_exposures(biases=1, dark_times=[]))
    path = world.write(exposure)
    assert path.name.endswith(".fits.fz") == options.rice
    with fits.open(path) as hdus:
        assert isinstance(hdus[1], fits.CompImageHDU) == options.rice
        assert (len(hdus) == 19) == options.tables
    for amplifier, pixels in zip(
        open_raw(path).amplifiers, world.read(exposure).pixels, strict=True
    ):
        assert np.array_equal(amplifier.pixels.read(0, amplifier.height), pixels)


@pytest.mark.parametrize(
    "fault",
    ["file_empty", "file_corrupt", "file_corrupt:where=data", "file_short", "file_nan"],
)
def test_a_damaged_compressed_file_is_recognised_too(tmp_path, fault):
    options = RawFileOptions(rice=True)
    world = World(SimulationConfig(frame=(32, 40), root=tmp_path, raw_files=options))
    exposure = next(world.reference_exposures(biases=1, dark_times=[]))
    with pytest.raises(RawFrameError, match=r"fits\.fz"):
        open_raw(world.write(exposure, damage=Fault.parse(fault)))


def test_settings_of_before_are_read_and_those_of_raw_files_are_checked(tmp_path):
    options = RawFileOptions(rice=True)
    config = SimulationConfig(root=tmp_path, raw_files=options)
    assert SimulationConfig.from_json(config.to_json()).raw_files == options
    before = json.loads(config.to_json())
    del before["raw_files"]
    assert SimulationConfig.from_json(json.dumps(before)).raw_files == RawFileOptions()
    for wrong in ({"rice": 1}, {"zip": True}, [], None):
        with pytest.raises(ConfigurationError, match="raw_files"):
            SimulationConfig.from_json(json.dumps(before | {"raw_files": wrong}))


def test_a_frame_belongs_to_the_others_of_its_day(world, exposure):
    first, *_ = world.reference_exposures(biases=1, dark_times=[])
    dark, bias = open_raw(world.write(exposure)).group, open_raw(world.write(first)).group
    assert [text.split()[0] for text in dark.differences(bias)] == ["IMGTYPE", "EXPTIME"]
    assert None not in (dark.sequencer_name, dark.odp, dark.ap0_rc, dark.set_point)


@pytest.mark.parametrize("kind", ["plain", "rice", "gzip"])
def test_a_raw_frame_goes_to_another_process_without_its_pixels_and_is_read_there(
    tmp_path, world, exposure, kind
):
    path = tmp_path / "raw.fits"
    write_raw(
        path,
        world.read(exposure),
        world.header(exposure),
        options=RawFileOptions(rice=kind == "rice"),
    )
    if kind == "gzip":
        path.write_bytes(gzip.compress(path.read_bytes()))
    raw = open_raw(path)
    wanted = [amplifier.pixels.read(0, 30) for amplifier in raw.amplifiers]
    sent = pickle.dumps(raw)
    assert len(sent) < wanted[0].nbytes * len(wanted)
    again = pickle.loads(sent)  # noqa: S301 - what was written here
    assert again.facts == raw.facts
    for amplifier, pixels in zip(again.amplifiers, wanted, strict=True):
        assert np.array_equal(amplifier.pixels.read(0, 30), pixels)
