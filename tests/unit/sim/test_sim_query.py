# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsst.ts.dailycal.sim.direct.query import (
    DataQuery,
    PipelineOptions,
    parse_data_query,
    parse_options,
)


def test_the_options_of_the_script_are_understood():
    text = "-j 8 -i u/ocps/ab12,LATISS/calib --register-dataset-types -c verifyBias:tolerance=0.1"
    assert parse_options(text) == PipelineOptions(
        processes=8,
        inputs=("u/ocps/ab12", "LATISS/calib"),
        register=True,
        changes=(("verifyBias", "tolerance", "0.1"),),
    )


@pytest.mark.parametrize(
    "text", ["-j", "-j x", "-j 0", "--nothing", "-c isr", "-c isr:doDefect", "-i 'open", "stray"]
)
def test_options_that_pipetask_would_refuse_are_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_options(text)


def test_the_query_of_the_script_is_understood():
    text = "instrument='LATISS' AND detector IN (0) AND exposure IN (2026112300002, 2026112300003)"
    assert parse_data_query(text) == DataQuery(("LATISS",), (0,), (2026112300002, 2026112300003))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exposure = 5", (5,)),
        ("exposure in (5)", (5,)),
        ("exposure IN (3..6)", (3, 4, 5, 6)),
        ("exposure IN (1, 3..9:3)", (1, 3, 6, 9)),
    ],
)
def test_values_lists_and_ranges_are_understood(text, expected):
    assert parse_data_query(text).exposures == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "exposure",
        "exposure IN",
        "exposure IN (",
        "exposure IN ()",
        "exposure IN (1, )",
        "exposure IN (1 2)",
        "exposure IN (1,) AND",
        "exposure = 1 OR exposure = 2",
        "exposure = 1 AND exposure = 2",
        "exposure = 'one'",
        "detector = 'x'",
        "instrument = 5",
        "visit = 1",
        "exposure IN (1..99999999)",
        "exposure = 1; DROP TABLE exposure",
    ],
)
def test_another_query_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_data_query(text)


@given(st.text(alphabet="exposurINAD ()=,.:'0123456789", max_size=60))
def test_any_text_is_read_or_refused_with_a_value_error(text):
    try:
        parse_data_query(text)
    except ValueError:
        return


@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=30))
def test_every_list_of_exposures_is_read_back(numbers):
    text = f"instrument='LATISS' AND exposure IN ({', '.join(map(str, numbers))})"
    assert parse_data_query(text).exposures == tuple(numbers)
