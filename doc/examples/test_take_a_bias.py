# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of a script that knows nothing of ts_dailycal, in its simulated observatory."""

import pathlib

import pytest

SCRIPT = pathlib.Path(__file__).with_name("take_a_bias.py")
REFUSED = "camera_refuses@2"

pytestmark = pytest.mark.parametrize("simulated_observatory", [REFUSED], indirect=True)


async def test_a_bias_is_taken(simulated_observatory, sal_scripts, record_sal_topics):
    async with record_sal_topics("ATCamera", "endReadout") as camera:
        result = await sal_scripts.run(SCRIPT)
        assert result.state == "DONE", result.text
        image = await camera.wait_for("endReadout")
    assert result.checkpoints == ("bias",)
    assert image["imageName"] in simulated_observatory.raw_files()


async def test_a_camera_that_refuses_makes_the_script_fail(simulated_observatory, sal_scripts):
    result = await sal_scripts.run(SCRIPT)
    assert (result.state, result.exit_code) == ("FAILED", 1)
    simulated_observatory.assert_struck(REFUSED)


async def test_a_script_stops_where_it_is_asked_to(simulated_observatory, sal_scripts):
    result = await sal_scripts.run(SCRIPT, stop="bias")
    assert result.state == "STOPPED"
    assert len(simulated_observatory.raw_files()) == 1
