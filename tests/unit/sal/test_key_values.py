# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts that ATCamera takes and gives."""

from lsst.ts.dailycal.model import ImageTags, ImageType
from lsst.ts.dailycal.sal.camera.key_values import make_key_value_map, parse_additional


def test_the_key_value_map_holds_what_the_camera_needs():
    tags = ImageTags("2026-11-23T12:00:00.000#1")
    assert make_key_value_map(ImageType.DARK, tags) == (
        "imageType: DARK, groupId: 2026-11-23T12:00:00.000#1, testType: DARK, "
        "stutterRows: 0, stutterNShifts: 0, stutterDelay: 0.0"
    )


def test_program_and_reason_are_there_only_if_given():
    tags = ImageTags("g", program="BLOCK-295", reason="daily")
    text = make_key_value_map(ImageType.BIAS, tags)
    assert text.endswith(", reason: daily, program: BLOCK-295")


def test_escaped_colons_belong_to_the_value():
    pairs = parse_additional("imageType:groupId:testType", "BIAS:2022-09-29T15\\:02\\:22.000:BIAS")
    assert pairs == {
        "imageType": "BIAS",
        "groupId": "2022-09-29T15:02:22.000",
        "testType": "BIAS",
    }


def test_what_does_not_pair_up_is_left_out():
    assert parse_additional("a:b", "1") == {"a": "1"}
    assert parse_additional("", "") == {"": ""}
