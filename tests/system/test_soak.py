# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The soak: what it says of growth, and a short one."""

import json
import pathlib
import random
import subprocess
import sys

import pytest

BENCH = pathlib.Path(__file__).parents[2] / "bench"
PROCEDURES = 4
"""After the first, in which files are opened that stay open, comes nothing new."""
FIGURES = {"memory", "threads", "files", "endpoints"}


@pytest.fixture
def growth(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import growth

    return growth


def memory(leak: float) -> list[float]:
    """Caches fill in the first five procedures; each has a noise, and one stands out."""
    generator = random.Random(5)
    values = [
        100.0 + 3.0 * min(number, 5) + leak * number + generator.gauss(0.0, 0.1)
        for number in range(30)
    ]
    values[22] += 40.0
    return values


def test_a_leak_is_told_from_caches_that_fill_and_from_noise(growth):
    assert growth.judge("memory", memory(leak=0.0)).verdict == "steady"
    assert growth.judge("memory", memory(leak=0.3)).verdict == "grows"


def test_a_file_that_is_left_open_every_ten_procedures_is_found(growth):
    assert growth.judge("files", [13.0 + number // 10 for number in range(50)]).verdict == "grows"
    assert growth.judge("files", [13.0] * 50).verdict == "steady"


def test_too_few_procedures_are_no_proof(growth):
    assert growth.judge("files", [13.0, 14.0, 15.0]).verdict == "too few to tell"


@pytest.mark.system
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_procedures_in_a_row_leave_no_reader_file_or_process_behind(tmp_path):
    result = subprocess.run(
        [sys.executable, str(BENCH / "soak.py"), "--procedures", str(PROCEDURES),
         "--frames", "3", "--json", str(tmp_path / "soak.json")],
        capture_output=True, text=True, check=False, timeout=850, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    soaked = json.loads((tmp_path / "soak.json").read_text())
    assert soaked["procedures"] == PROCEDURES
    processes = {row["process"] for row in soaked["figures"]}
    assert {"ATCamera", "ATOODS", "OCPS_1", "ScriptQueue_2", "this process"} <= processes
    for row in soaked["figures"]:
        assert row["figure"] in FIGURES | {"objects"}
        assert len(row["values"]) == PROCEDURES
        if row["figure"] in {"files", "endpoints"}:
            assert len(set(row["values"][1:])) == 1, row
