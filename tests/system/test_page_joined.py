# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of the procedure page in an observatory that is there already."""

import importlib.resources
import signal
import subprocess

import pytest
from page_kit import NAMES, PROGRAM, Result, images, simulated, wait_for_scripts, with_repository

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def joined(tmp_path_factory, small_repository):
    directory = with_repository(tmp_path_factory.mktemp("joined") / "run", small_repository)
    with simulated(directory, "--enable") as joined:
        yield joined


def test_a_simulated_observatory_that_is_there_is_joined(joined):
    checked = subprocess.run(
        joined.arguments("check"), capture_output=True, text=True, check=False,
        env=joined.environment, cwd=joined.directory.parent, timeout=120,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert Result(checked).events[0]["ready"] is True
    assert not checked.stderr  # it did not start one of its own


def test_a_real_observatory_is_not_asked_for_where_a_simulated_one_is_set_up(joined):
    real = subprocess.run(
        [*PROGRAM, "check", "--real"], capture_output=True, text=True, check=False,
        env=joined.environment, cwd=joined.directory.parent, timeout=60,
    )  # fmt: skip
    assert real.returncode == 64
    assert "is that of a simulated observatory" in real.stderr


def test_a_scheduler_without_configuration_is_refused_before_anything_moves(joined, tmp_path):
    nothing = tmp_path / "nothing.yaml"
    nothing.write_text("", encoding="utf-8")
    result = joined.dailycal("run", "--config-for", "enable-scheduler", str(nothing))
    assert result.code == 1, result.text
    assert "enable-scheduler: config must be given" in result.outcome["reason"]
    assert "auxtel_fbs_image_photocal.yaml" in result.outcome["reason"]
    assert not result.of("StepStarted")


def test_a_block_is_run_in_order_on_the_queue(joined):
    block = importlib.resources.files("lsst.ts.dailycal").joinpath(
        "data", "blocks", "block-latiss-daily-bias-dark.json"
    )
    overrides = ("-p", "n_bias=2", "-p", "n_dark=2", "-p", "exp_times_dark=5")
    before = images(joined.directory)
    result = joined.dailycal("block run", str(block), *overrides)
    assert result.code == 0, result.text
    assert result.statuses == {"1-make-latiss-calibrations": "done"}
    assert len(images(joined.directory) - before) == 6


def test_a_second_run_is_refused_and_the_first_can_be_stopped(joined, tmp_path):
    few = tmp_path / "few.yaml"
    few.write_text("script_mode: BIAS_DARK\nn_bias: 2\nn_dark: 30\nexp_times_dark: 15\n", "utf-8")
    with subprocess.Popen(
        joined.arguments("run", "--config-for", "calibrations", str(few)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        env=joined.environment,
    ) as first:  # fmt: skip
        lines = []
        for line in first.stdout:
            lines.append(line)
            if "DARK 2/31" in line:
                break
        second = subprocess.run(
            joined.arguments("run"), capture_output=True, text=True, check=False, timeout=60,
            env=joined.environment,
        )  # fmt: skip
        first.send_signal(signal.SIGINT)
        rest, errors = first.communicate(timeout=300)
    wait_for_scripts()
    assert second.returncode == 73
    assert f"process {first.pid}" in second.stderr
    assert "since 20" in second.stderr
    text = "".join(lines) + rest
    result = Result(subprocess.CompletedProcess([], first.returncode, text, errors))
    assert result.code == 130, result.text
    assert result.statuses == {
        **dict.fromkeys(NAMES[:4], "done"),
        "calibrations": "stopped",
        "standby-latiss": "not reached",
    }
    assert result.outcome["command"] == f"dailycal run --resume {result.outcome['run_id']}"
