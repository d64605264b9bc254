# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The soak: what it says of growth, and a short one."""

import datetime
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


def test_the_page_says_what_grows_and_that_a_procedure_failed(growth):
    import soak_page

    growths = {
        ("ATOODS", "memory"): growth.judge("memory", memory(leak=0.3)),
        ("OCPS_1", "files"): growth.judge("files", [13.0] * 30),
    }
    page = soak_page.render(
        growths, [30.0] * 30, frames=6, worked=False, day=datetime.date(2026, 11, 25)
    )
    assert "observatory: 30, in 15 min, on\n2026-11-25. **The next one failed.**" in page
    rows = [line for line in page.splitlines() if line.startswith(("| ATOODS", "| OCPS"))]
    assert rows[0].startswith("| ATOODS | memory (MB) | ")
    assert rows[0].endswith(" | 0.1 | grows |")
    assert rows[1] == "| OCPS_1 | files | 13.0 | 13.0 | 13.0 | 0.000 | 0.02 | steady |"


@pytest.mark.system
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_procedures_in_a_row_leave_no_reader_file_or_process_behind(tmp_path):
    result = subprocess.run(
        [sys.executable, str(BENCH / "soak.py"), "--procedures", str(PROCEDURES),
         "--frames", "3", "--json", str(tmp_path / "soak.json"),
         "--page", str(tmp_path / "soak.md")],
        capture_output=True, text=True, check=False, timeout=850, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    soaked = json.loads((tmp_path / "soak.json").read_text())
    assert soaked["procedures"] == PROCEDURES
    processes = {row["process"] for row in soaked["figures"]}
    assert {"ATCamera", "ATOODS", "OCPS_1", "ScriptQueue_2", "this process"} <= processes
    page = (tmp_path / "soak.md").read_text()
    assert all(f"| {process} | memory (MB) |" in page for process in processes)
    for row in soaked["figures"]:
        assert row["figure"] in FIGURES | {"objects"}
        assert len(row["values"]) == PROCEDURES
        if row["figure"] in {"files", "endpoints"}:
            assert len(set(row["values"][1:])) == 1, row
