# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsst.ts.dailycal.model import ImageName, ImageTags, ImageType
from lsst.ts.dailycal.sal.camera.key_values import make_key_value_map, parse_additional
from lsst.ts.dailycal.sim.csc.camera.image import (
    CameraRequest,
    OpenImage,
    join_escaped,
    parse_key_value_map,
)
from lsst.ts.dailycal.sim.csc.header_file import read_header, write_header
from lsst.ts.dailycal.sim.headers import HeaderCard

TAGS = ImageTags("2026-11-23T08:00:00.000#1", "BLOCK-295", "daily", "a note")


@given(st.lists(st.text(), min_size=1), st.data())
def test_whatever_the_camera_escapes_is_read_as_it_was(values, data):
    keys = [f"key{number}" for number in range(len(values))]
    assert parse_additional(join_escaped(keys), join_escaped(values)) == dict(
        zip(keys, values, strict=True)
    )


def test_a_time_keeps_its_colons_by_backslashes():
    texts = ("BIAS", "2022-09-29T15:02:22.000", "BIAS")
    assert join_escaped(texts) == r"BIAS:2022-09-29T15\:02\:22.000:BIAS"


def test_the_camera_understands_what_the_client_writes():
    pairs = parse_key_value_map(make_key_value_map(ImageType.DARK, TAGS))
    assert pairs["imageType"] == pairs["testType"] == "DARK"
    assert pairs["groupId"] == TAGS.group_id
    assert (pairs["program"], pairs["reason"]) == ("BLOCK-295", "daily")


@pytest.mark.parametrize("text", ["reason: one, two", "no colon", ": value"])
def test_a_map_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="keyValueMap"):
        parse_key_value_map(text)


def test_an_empty_map_has_no_pairs():
    assert parse_key_value_map("") == {}


@pytest.mark.parametrize(
    ("exposure_time", "images"),
    [(-0.1, 1), (float("nan"), 1), (float("inf"), 1), (3601.0, 1), (1.0, 0)],
)
def test_impossible_requests_are_refused(exposure_time, images):
    with pytest.raises(ValueError, match="must be"):
        CameraRequest(exposure_time, shutter=False, tags={}, images=images)


def test_an_exposure_remembers_everything_that_was_asked():
    pairs = parse_key_value_map(make_key_value_map(ImageType.DARK, TAGS))
    request = CameraRequest(5.0, shutter=False, tags=pairs, note="a note", images=2)
    image = OpenImage(request, ImageName(20261122, 7), 2, 1000.0, stray_light=3.0)
    exposure = image.finish(1005.0, 5.0)
    assert (exposure.image_type, exposure.test_type) == ("DARK", "DARK")
    assert (exposure.program, exposure.reason, exposure.note) == ("BLOCK-295", "daily", "a note")
    assert (exposure.index, exposure.total, exposure.light) == (2, 2, 3.0)
    assert exposure.group_id == TAGS.group_id
    fields = image.fields()
    assert (fields["imageName"], fields["imageDate"]) == ("AT_O_20261122_000007", "20261122")


def test_a_header_file_is_read_as_it_was_written(tmp_path):
    cards = (
        HeaderCard("OBSID", "AT_O_20261122_000007", "name: with a colon"),
        HeaderCard("EXPTIME", 5.0, "[s]"),
        HeaderCard("SEQNUM", 7, ""),
        HeaderCard("SHUTTIME", None, "undefined"),
        HeaderCard("DAYOBS", "20261122", "text, not a number"),
        HeaderCard("REASON", "yes", "text, not a boolean"),
    )
    file = write_header(tmp_path / "20261122" / "x.yaml", cards)
    assert read_header(file.path) == cards
    assert file.size == file.path.stat().st_size
    assert [path.name for path in file.path.parent.iterdir()] == ["x.yaml"]


@pytest.mark.parametrize("content", ["", "[1, 2]", "PRIMARY: 5", "a: b: c", "PRIMARY: [{}]"])
def test_what_is_no_header_file_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "x.yaml"
    path.write_text(content)
    with pytest.raises(ValueError, match="not a header file"):
        read_header(path)
