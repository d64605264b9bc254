# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts of an observing block on the fake queue are counted, and its executions numbered."""

import pytest

from lsst.ts.dailycal.sim.queue.blocks import BlockPlace, BlockTracker


@pytest.fixture
def blocks():
    return BlockTracker(lambda: 20261123)


def test_the_scripts_of_a_block_are_counted_from_zero_in_one_execution(blocks):
    places = [blocks.place("BLOCK-295", 3, starts=number == 0) for number in range(3)]
    assert places == [BlockPlace("BL295_O_20261123_000001", number, 3) for number in range(3)]


@pytest.mark.parametrize(
    ("block", "size", "starts", "wanted"),
    [
        pytest.param("BLOCK-7", 2, True, ("BL7_O_20261123_000002", 0), id="says so"),
        pytest.param("BLOCK-8", 2, False, ("BL8_O_20261123_000001", 0), id="another block"),
        pytest.param("BLOCK-T7", 2, False, ("BT7_O_20261123_000001", 0), id="a block of tests"),
        pytest.param("BLOCK-7", 2, False, ("BL7_O_20261123_000001", 1), id="the same one"),
    ],
)
def test_a_new_execution_begins(blocks, block, size, starts, wanted):
    blocks.place("BLOCK-7", 2, starts=True)
    place = blocks.place(block, size, starts=starts)
    assert (place.block_id, place.index) == wanted


def test_a_script_too_many_begins_another_execution_unless_the_size_is_not_known(blocks):
    for size, wanted in ((1, ["000001", "000002"]), (0, ["000003", "000003"])):
        places = [blocks.place("BLOCK-7", size, starts=not i) for i in range(2)]
        assert [place.block_id[-6:] for place in places] == wanted


def test_executions_are_numbered_for_each_day():
    days = iter([20261123, 20261124])
    blocks = BlockTracker(lambda: next(days))
    ids = [blocks.place("BLOCK-7", 1, starts=True).block_id for _ in range(2)]
    assert ids == ["BL7_O_20261123_000001", "BL7_O_20261124_000001"]


@pytest.mark.parametrize("name", ["BLOCK", "BLOCK-", "block-7", "BLOCK-X7", "BLOCK-7\n", "7"])
def test_what_is_no_name_of_a_block_is_refused(blocks, name):
    with pytest.raises(ValueError, match="is no observing block"):
        blocks.place(name, 1, starts=True)
