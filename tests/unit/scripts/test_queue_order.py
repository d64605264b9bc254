# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of scripts in the fake queue, and which files are scripts."""

import hypothesis
import pytest
from hypothesis import strategies

from lsst.ts.dailycal.sim.queue.catalog import ScriptCatalog
from lsst.ts.dailycal.sim.queue.order import MOST_SCRIPTS, Location, ScriptOrder


def _lineup(*indices: int) -> ScriptOrder:
    lineup = ScriptOrder()
    for index in indices:
        lineup.add(index, Location.LAST)
    return lineup


def test_scripts_go_first_last_before_and_after():
    lineup = _lineup(1, 2)
    lineup.add(3, Location.FIRST)
    lineup.add(4, Location.AFTER, 2)
    lineup.add(5, Location.AFTER, 3)
    lineup.add(6, Location.BEFORE, 3)
    lineup.add(7, Location.BEFORE, 1)
    assert lineup.waiting == [6, 3, 5, 7, 1, 2, 4]


@pytest.mark.parametrize(
    ("location", "reference"), [(0, 0), (25, 0), (Location.AFTER, 9), (Location.BEFORE, 0)]
)
def test_a_place_that_is_none_is_refused_and_changes_nothing(location, reference):
    lineup = _lineup(1, 2)
    with pytest.raises(ValueError, match=r"no location|not waiting"):
        lineup.add(3, location, reference)
    with pytest.raises(ValueError, match=r"no location|not waiting"):
        lineup.move(2, location, reference)
    assert lineup.waiting == [1, 2]


def test_a_script_moves_and_next_to_itself_stays():
    lineup = _lineup(1, 2, 3)
    lineup.move(3, Location.FIRST)
    assert lineup.waiting == [3, 1, 2]
    lineup.move(3, Location.AFTER, 2)
    assert lineup.waiting == [1, 2, 3]
    lineup.move(2, Location.BEFORE, 2)
    lineup.move(2, Location.AFTER, 2)
    assert lineup.waiting == [1, 2, 3]
    with pytest.raises(ValueError, match="not waiting"):
        lineup.move(4, Location.BEFORE, 4)


def test_the_current_script_is_no_longer_waiting_and_then_of_the_past():
    lineup = _lineup(1, 2)
    lineup.start(1)
    assert (lineup.current, lineup.waiting) == (1, [2])
    assert 1 in lineup
    with pytest.raises(ValueError, match="not waiting"):
        lineup.move(1, Location.FIRST)
    lineup.retire(1)
    lineup.retire(2)
    assert (lineup.current, lineup.waiting, lineup.past) == (0, [], [2, 1])
    assert 0 not in lineup
    assert 1 not in lineup


def test_only_so_many_wait_and_only_so_many_are_remembered():
    lineup = _lineup(*range(1, MOST_SCRIPTS + 1))
    with pytest.raises(ValueError, match="waiting already"):
        lineup.add(9999, Location.LAST)
    for index in range(1, MOST_SCRIPTS + 1):
        lineup.retire(index)
    lineup.add(9999, Location.LAST)
    assert lineup.retire(9999) == [1]
    assert len(lineup.past) == MOST_SCRIPTS


@hypothesis.given(
    strategies.lists(
        strategies.tuples(
            strategies.integers(0, 12), strategies.integers(0, 5), strategies.integers(0, 12)
        )
    )
)
def test_whatever_is_moved_no_script_is_lost_or_doubled(moves):
    lineup = _lineup(*range(1, 11))
    for index, location, reference in moves:
        before = list(lineup.waiting)
        try:
            lineup.move(index, location, reference)
        except ValueError:
            assert lineup.waiting == before
    assert sorted(lineup.waiting) == list(range(1, 11))


def test_scripts_are_executables_that_are_not_hidden(tmp_path):
    root = tmp_path / "scripts"
    for name, mode in (
        ("a.py", 0o755),
        ("sub/b", 0o755),
        ("_c.py", 0o755),
        (".d", 0o755),
        ("e.py", 0o644),
        (".hidden/f.py", 0o755),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        path.chmod(mode)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "g").touch(0o755)
    (root / "linked").symlink_to(outside)
    catalog = ScriptCatalog(root, outside)
    assert catalog.find(is_standard=True) == ["a.py", "sub/b"]
    assert catalog.executable(True, "sub/b") == root / "sub" / "b"
    for path in ("", "_c.py", "e.py", "../outside/g", "linked/g", "sub/../a.py", "/bin/sh"):
        with pytest.raises(ValueError, match="no standard script"):
            catalog.executable(True, path)
    with pytest.raises(ValueError, match="no directory"):
        ScriptCatalog(root, tmp_path / "nowhere")
