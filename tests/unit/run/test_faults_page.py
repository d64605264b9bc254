# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the faults says what the tests hold the run to; ``make docs-faults`` writes it."""

import pytest
from fault_matrix import ALL, BEFORE_A_RUN, ROOMS
from faults_page import COUNTS, PAGE, first_sentence, read_rows, rows


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("room", ROOMS)
def test_the_page_has_every_fault_of_the_matrix_with_its_outcome(page, room):
    expected = [row for row, _ in rows(case for case in ALL if case.room == room)]
    assert read_rows(page)[room] == expected, "the page is out of date: make docs-faults"


def test_the_page_names_what_strikes_before_a_run_and_what_was_counted(page):
    for name in BEFORE_A_RUN:
        assert f"| `{name}` |" in page
    for text in COUNTS.values():
        assert f"| {text} |" in page


def test_every_fault_is_in_a_room_of_the_page():
    assert {case.room for case in ALL} == set(ROOMS)


def test_a_reason_is_cut_after_its_first_sentence():
    reason = (
        "process BIAS: There is no result of job 0d4a3c62e778ab13e99688d4ab7533d4 after 900 s. "
        "Last seen: OCPS:1 ENABLED."
    )
    assert first_sentence(reason) == "There is no result of job 0d4a3c62... after 900 s."
