# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers of every year come to what the observatory's translator comes to."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from latiss_frames import HEADER, HEADERS
from searching import examples

from lsst.ts.dailycal.pipelines.raw.error import RawHeaderError
from lsst.ts.dailycal.pipelines.raw.header import (
    FrameGroup,
    check_exposure_time,
    translate_header,
)


def said(facts, name):
    value = getattr(facts, "exposure" if name == "id" else name)
    return value.isot if name in ("begin", "end") else value


@pytest.mark.parametrize("image", HEADERS)
def test_a_real_header_comes_to_what_the_observatory_makes_of_it(image):
    expected = HEADERS[image]["expected"]
    facts = translate_header(HEADERS[image]["header"], image)
    assert len(expected) == 18
    assert {name: said(facts, name) for name in expected} == expected


def translated(**changes):
    header = {key: value for key, value in (HEADER | changes).items() if value != "absent"}
    return translate_header(header, "x.fits")


@pytest.mark.parametrize(
    ("controller", "day", "year"),
    [
        ("O", "20180101", 2018),
        ("O", "20260101", 2026),
        ("C", "20231004", 3023),
        ("C", "20231005", 2023),
        ("H", "20190101", 4019),
        ("H", "20260101", 4026),
        ("P", "20250417", 5025),
        ("P", "20250418", 2025),
        ("Q", "20250417", 6025),
        ("Q", "20250418", 2025),
        ("S", "20250417", 7025),
        ("S", "20250418", 2025),
        (None, "20200329", 2020),
    ],
)
def test_each_controller_has_years_of_its_own(controller, day, year):
    facts = translated(CONTRLLR=controller, DAYOBS=day, SEQNUM=7)
    assert facts.exposure == int(f"{year}{day[4:]}00007")
    assert facts.has_simulated is (controller in ("H", "P", "Q", "S"))


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"OBSTYPE": "Flat"}, "observation_type", "flat"),
        ({"IMGTYPE": "OBJECT"}, "observation_type", "science"),
        ({"IMGTYPE": None}, "observation_type", "unknown"),
        ({"IMGTYPE": "ENGTEST"}, "observation_type", "engtest"),
        ({"IMGTYPE": None, "GROUPID": "bias_1_2"}, "observation_type", "unknown"),
        ({"DARKTIME": 1.0}, "dark_time", 30.0),
        ({"DARKTIME": None}, "dark_time", 30.0),
        ({"DARKTIME": 31.0}, "dark_time", 31.0),
        ({"EXPTIME": None, "DARKTIME": None}, "dark_time", -1.0),
        ({"SHUTTIME": 99.0}, "exposure_time", 30.0),
        ({"REASON": "Daily"}, "observation_reason", "daily"),
        ({"TESTTYPE": "DARK"}, "observation_reason", "dark"),
        ({"IMGTYPE": "OBJECT"}, "observation_reason", "science"),
        ({}, "observation_reason", "unknown"),
        ({"DAYOBS": "absent", "SEQNUM": "absent"}, "exposure", 2024062400169),
        ({"DAYOBS": "absent", "OBSID": "mine", "OBS-NITE": "20240623"}, "day_obs", 20240623),
        ({"OBSID": None, "IMGNAME": "AT_O_20240624_000170"}, "obs_id", "AT_O_20240624_000170"),
        ({"OBSID": None}, "obs_id", None),
        ({"CURINDEX": 3, "MAXINDEX": 5}, "seq_start", 167),
        ({"CURINDEX": 3, "MAXINDEX": 5}, "seq_end", 171),
        ({"FILTER": "SDSSr_65mm", "GRATING": "empty_2"}, "physical_filter", "SDSSr_65mm~empty"),
        ({"FILTER": "", "GRATING": None}, "physical_filter", "empty~unknown"),
        ({"FILTER": "empty", "GRATING": "empty_x"}, "physical_filter", "empty~empty_x"),
        ({"PROGRAM": "BLOCK-17"}, "science_program", "BLOCK-17"),
    ],
)
def test_a_rule_of_the_translation_holds(changes, name, value):
    assert getattr(translated(**changes), name) == value


@pytest.mark.parametrize(
    ("changes", "begin", "end"),
    [
        # Dates of 1970: the date of the file, and the exposure time.
        (
            {"DATE-BEG": "1970-01-01T00:00:08", "DATE": "2024-06-25T07:00:00"},
            "2024-06-25T07:00:00.000",
            "2024-06-25T07:11:10.392",
        ),
        (
            {
                "DATE-BEG": "1970-01-01T00:00:08",
                "DATE-END": "1970-01-01T00:00:08",
                "DATE": "2024-06-25T07:00:00",
            },
            "2024-06-25T07:00:00.000",
            "2024-06-25T07:00:30.000",
        ),
        ({"DATE-END": "2024-06-25T07:10:00"}, "2024-06-25T07:10:40.383", "2024-06-25T07:10:40.383"),
        (
            {"DATE-BEG": "2020-01-31T23:59:00", "DATE-END": "2020-01-31T23:59:59"},
            "2020-01-31T23:59:00.000",
            "2020-01-31T23:59:30.000",
        ),
        (
            {"DATE-BEG": None, "DATE-OBS": None, "MJD-OBS": 60486.5, "DATE-END": None},
            "2024-06-25T12:00:00.000",
            "2024-06-25T12:00:30.000",
        ),
        ({"TIMESYS": "UTC"}, "2024-06-25T07:11:17.383", "2024-06-25T07:11:47.392"),
    ],
)
def test_begin_and_end_are_in_tai_and_in_order(changes, begin, end):
    facts = translated(**changes)
    assert (facts.begin.isot, facts.end.isot) == (begin, end)
    assert facts.begin.scale == facts.end.scale == "tai"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"INSTRUME": "LSSTCam"}, "INSTRUME"),
        ({"INSTRUME": None}, "INSTRUME"),
        ({"LSST_NUM": "E2V-CCD250-369"}, "LSST_NUM"),
        ({"CCDSLOT": "S11"}, "CCDSLOT"),
        ({"RAFTBAY": "R22"}, "RAFTBAY"),
        ({"CONTRLLR": "X"}, "CONTRLLR"),
        ({"DAYOBS": "20241341"}, "DAYOBS"),
        ({"DAYOBS": None, "OBSID": "mine"}, "DAYOBS"),
        ({"SEQNUM": 100_000}, "SEQNUM"),
        ({"SEQNUM": -1}, "SEQNUM"),
        ({"SEQNUM": None, "OBSID": "mine"}, "SEQNUM"),
        ({"EXPTIME": "long"}, "EXPTIME"),
        ({"DARKTIME": "long"}, "DARKTIME"),
        ({"DATE-BEG": "soon"}, "DATE-BEG"),
        ({"DATE-END": "later"}, "DATE-END"),
        ({"TIMESYS": "LOCAL"}, "TIMESYS"),
        ({"MAXINDEX": "many"}, "MAXINDEX"),
    ],
)
def test_a_header_is_refused_by_the_name_of_the_key(changes, key):
    with pytest.raises(RawHeaderError) as caught:
        translated(**changes)
    assert (caught.value.path, caught.value.hdu, caught.value.key) == (
        "x.fits",
        "primary header",
        key,
    )


@pytest.mark.parametrize("value", [None, -1.0, -30.0, float("nan"), float("inf")])
def test_an_exposure_time_that_is_none_is_refused(value):
    with pytest.raises(RawHeaderError, match="EXPTIME"):
        check_exposure_time(translated(EXPTIME=value, DARKTIME=None), "x.fits")


def test_an_error_survives_the_way_to_another_process():
    error = RawHeaderError("x.fits", "is not there", "primary header", "OBSID")
    back = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(back), str(back), back.key) == (RawHeaderError, str(error), "OBSID")


def test_a_header_is_not_changed():
    header = dict(HEADER)
    translate_header(header)
    assert header == HEADER


def test_what_a_set_must_share_is_compared_key_by_key():
    mine = translated().frame_group
    assert mine == FrameGroup(
        "DARK",
        30.0,
        detector="ITL-3800C-068",
        sequencer_file="FP_ITL_2s_ir2_v26_no_RG.seq",
        set_point=-104.15,
    )
    other = translated(
        SEQNAME="a", SEQFILE="b", SEQCKSUM=2, ODP=True, AP0_RC=1, TEMP_SET=-94.15, EXPTIME=5.0
    ).frame_group
    differences = mine.differences(other, but=["EXPTIME"])
    assert [text.partition(" ")[0] for text in differences] == [
        "SEQNAME",
        "SEQFILE",
        "SEQCKSUM",
        "ODP",
        "AP0_RC",
        "TEMP_SET",
    ]
    assert differences[0] == "SEQNAME is not defined and 'a'"
    assert mine.differences(mine) == ()


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
KEYS = """INSTRUME OBSID IMGNAME DAYOBS SEQNUM OBS-NITE CONTRLLR OBSTYPE IMGTYPE GROUPID DATE
    DATE-OBS DATE-BEG DATE-END MJD MJD-OBS MJD-BEG MJD-END TIMESYS EXPTIME DARKTIME FILTER GRATING
    OBJECT PROGRAM REASON TESTTYPE CURINDEX MAXINDEX LSST_NUM RAFTBAY CCDSLOT SEQNAME SEQFILE
    SEQCKSUM ODP AP0_RC TEMP_SET"""
keys = st.sampled_from(KEYS.split())


@examples(200)
@given(image=st.sampled_from(sorted(HEADERS)), changes=st.dictionaries(keys, values, max_size=6))
def test_any_header_is_translated_or_refused_by_an_error_of_ours(image, changes):
    try:
        facts = translate_header(HEADERS[image]["header"] | changes, "x.fits")
    except RawHeaderError as error:
        assert str(error).startswith("x.fits (primary header")
    else:
        assert 0 <= facts.seq_num < 100_000
        assert facts.exposure % 100_000 == facts.seq_num
        assert facts.begin is None or facts.begin <= facts.end
