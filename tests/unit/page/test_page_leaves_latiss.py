# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to leave LATISS is advised where the page has enabled it, and nowhere else."""

import pytest

from lsst.ts.dailycal.page import BIAS_DARK, PageOptions, make_page_plan
from lsst.ts.dailycal.page.advice import leave_as_page_does

COMMAND = "dailycal run --real"
HOW = f"To leave LATISS as the page does instead: {COMMAND} --from-step standby-latiss"


def advised(begun=(), **options):
    return leave_as_page_does(COMMAND, make_page_plan(BIAS_DARK, PageOptions(**options)), begun)


@pytest.mark.parametrize(
    ("begun", "options"),
    [
        ({"enable-atcs", "enable-latiss"}, {}),
        ({"calibrations"}, {"reasons": {"enable-latiss": "done in page-1"}}),
    ],
)
def test_it_is_advised_once_the_page_has_enabled_latiss(begun, options):
    assert advised(begun, **options) == HOW


@pytest.mark.parametrize(
    ("begun", "options"),
    [
        ({"enable-atcs"}, {}),
        ({"calibrations"}, {"from_step": "calibrations"}),
        ({"enable-atcs"}, {"skip": ("enable-latiss",)}),
        ({"enable-latiss"}, {"leave_enabled": True}),
        ({"standby-latiss"}, {"from_step": "standby-latiss"}),
    ],
)
def test_it_is_not_advised_where_the_page_has_not_enabled_latiss(begun, options):
    assert advised(begun, **options) == ""
