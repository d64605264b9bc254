# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job from the command line: real processes, real SAL, real Butler, small frames."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import urllib.request

import psutil
import pytest
from page_kit import PROGRAM

from command_line import run_dailycal as dailycal
from lsst.ts.dailycal.model import ExposureTaken
from lsst.ts.dailycal.run import read_run_entries

pytestmark = [pytest.mark.system, pytest.mark.timeout(400), pytest.mark.xdist_group("rehearse")]


def rehearse(directory: pathlib.Path, *args: str) -> subprocess.CompletedProcess[str]:
    return dailycal("rehearse", "--small", "--directory", str(directory), "--keep", *args)


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> pathlib.Path:
    """Nothing is there: the command makes the repository as well."""
    return tmp_path_factory.mktemp("rehearsal") / "run"


@pytest.fixture(scope="module")
def rehearsed(directory):
    """The whole procedure with combined calibrations and a report, done once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAILYCAL_REPORT", "yes")
        return rehearse(directory, "--generate")


def test_the_main_job_ends_done_and_the_table_tells_all_of_it(rehearsed):
    assert rehearsed.returncode == 0, rehearsed.stdout + rehearsed.stderr
    lines = rehearsed.stdout.splitlines()
    bias = next(line for line in lines if line.startswith("BIAS"))
    dark = next(line for line in lines if line.startswith("DARK"))
    assert bias.split()[1:6] == ["21", "of", "21", "21", "20"]
    assert dark.split()[1:6] == ["23", "of", "23", "23", "22"]
    for line in (bias, dark):
        assert "accepted" in line
        assert "LATISS/calib/daily, valid" in line


def test_every_frame_is_a_fits_file_and_in_the_butler(rehearsed, directory):
    from astropy.io import fits

    assert rehearsed.returncode == 0
    names = taken(directory)
    assert len(names) == len(set(names)) == 44
    for name in names:
        (path,) = (directory / "raw").rglob(f"{name}-*.fits")
        with fits.open(path) as hdus:
            # As the camera writes them: 16 amplifiers, and tables behind.
            assert [hdu.name[:7] for hdu in hdus[1:17]] == ["Segment"] * 16
            assert all(isinstance(hdu, fits.BinTableHDU) for hdu in hdus[17:])
            assert hdus[0].header["OBSID"] == name
    shown = json.loads(dailycal("repo", "show", str(directory / "repo"), "--json").stdout)
    assert shown["raws"] == 44


def taken(directory: pathlib.Path) -> list[str]:
    """Read from the journals which images were taken."""
    records = [
        item for path in (directory / "journal").glob("*.jsonl") for item in read_run_entries(path)
    ]
    events = [item.event for item in records]
    return [str(event.image.name) for event in events if isinstance(event, ExposureTaken)]


def test_the_statistics_of_both_types_are_in_the_butler(rehearsed, directory):
    assert rehearsed.returncode == 0
    status = json.loads(dailycal("status", "--last", "--json", *journals(directory)).stdout)
    jobs = {job["key"]: job["job_id"] for job in status["jobs"]}
    program = (
        "import sys\n"
        "from lsst.ts.dailycal.butler.stats import read_stats\n"
        "print(read_stats(*sys.argv[1:])['SUCCESS'])"
    )
    for kind in ("Bias", "Dark"):
        collection = f"u/ocps/{jobs[f'verify {kind.upper()}']}"
        output = subprocess.run(
            [sys.executable, "-c", program, str(directory / "repo"), collection,
             f"verify{kind}Stats"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert output.strip() in {"True", "False"}


READ_DETAILS = """
import json, sys
from lsst.ts.dailycal.butler.stats import read_details
found = read_details(*sys.argv[1:])
print(json.dumps({
    f"{exposure} {name}": [item["NOISE"], abs(item["MEAN"])]
    for exposure, detail in found.items() for name, item in detail["AMP"].items()
}))
"""


def test_the_numbers_of_the_report_are_those_in_the_butler(rehearsed, directory):
    (line,) = [text for text in rehearsed.stdout.splitlines() if text.startswith("Report:")]
    page = pathlib.Path(line.partition(":")[2].strip())
    assert "BIAS and DARK certified" in page.read_text(encoding="utf-8")
    report = json.loads(page.with_name("report.json").read_text(encoding="utf-8"))
    assert report["missing"] == []
    assert [item["fate"] for item in report["exposures"]].count("used") == 42
    jobs = {job["key"]: job["job_id"] for job in report["jobs"]}
    printed = dailycal("stats", "--csv", *journals(directory)).stdout.splitlines()
    assert len(printed) == 1 + 42 * 16 * 4
    for item in report["calibrations"]:
        kind = item["image_type"].capitalize()
        collection = f"u/ocps/{jobs['verify ' + item['image_type']]}"
        words = (str(directory / "repo"), collection, f"verify{kind}DetStats")
        output = subprocess.run(
            [sys.executable, "-c", READ_DETAILS, *words],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        stored = json.loads(output)
        found: dict[str, list[float]] = {key: [] for key in stored}
        for test in sorted(item["tests"], key=lambda test: test["test"], reverse=True):
            if test["test"] in ("NOISE", "MEAN"):
                found[f"{test['exposure_id']} {test['amplifier']}"].append(test["value"])
        assert found == stored
        assert item["combined"]["run"].endswith(f"{jobs['generate ' + item['image_type']]}/run")
        assert item["in_use"]["run"] == item["comparison"]["against"]


def fetch(address: str) -> bytes:
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - of this machine
        return answer.read()


def test_the_live_page_shows_the_frames_of_the_butler(rehearsed, directory):
    assert rehearsed.returncode == 0
    name = taken(directory)[0]
    status = json.loads(dailycal("status", "--last", "--json", *journals(directory)).stdout)
    command = [*PROGRAM, "serve", *journals(directory), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = f"{process.stdout.readline().strip()}runs/{status['run_id']}"
            assert f"/frames/{name}" in fetch(address).decode()
            for kind in (f"{name}.png", f"{name}/C17.png"):
                assert fetch(f"{address}/frames/{kind}").startswith(b"\x89PNG\r\n\x1a\n")
            job = status["jobs"][0]["job_id"]
            assert "lsst" in fetch(f"{address}/jobs/{job}").decode()
        finally:
            process.terminate()


def journals(directory: pathlib.Path) -> tuple[str, str]:
    return "--directory", str(directory / "journal")


def test_the_status_of_the_run_can_be_read_afterwards(rehearsed, directory):
    assert rehearsed.returncode == 0
    status = json.loads(dailycal("status", "--last", "--json", *journals(directory)).stdout)
    assert status["status"] == "done"
    assert [item["status"] for item in status["calibrations"]] == ["certified", "certified"]
    listed = dailycal("runs", "--json", *journals(directory)).stdout.splitlines()
    assert status["run_id"] in [json.loads(line)["run_id"] for line in listed]
    assert status["run_id"] in dailycal("runs", *journals(directory)).stdout
    shown = dailycal("status", status["run_id"], *journals(directory)).stdout
    assert "LATISS/calib/daily" in shown


def test_a_second_certification_is_refused_before_the_first_exposure_with_the_way_out(
    rehearsed, directory
):
    assert rehearsed.returncode == 0
    before = taken(directory)
    result = rehearse(directory, "--generate")
    assert result.returncode == 1
    assert "certified already" in result.stdout
    assert "dailycal repo decertify LATISS/calib/daily bias" in result.stdout
    assert "nothing was taken" in result.stdout
    assert taken(directory) == before


def test_what_is_certified_can_be_withdrawn(rehearsed, directory):
    assert rehearsed.returncode == 0
    repo = str(directory / "repo")
    shown = json.loads(dailycal("repo", "show", repo, "--json").stdout)
    (bias,) = (
        item for item in shown["certified"]
        if item["collection"] == "LATISS/calib/daily" and item["dataset_type"] == "bias"
    )  # fmt: skip
    span = ("--begin", bias["begin"], "--end", bias["end"], "--repo", repo, "--yes")
    assert dailycal("repo", "decertify", "LATISS/calib/daily", "bias", *span).returncode == 0
    after = json.loads(dailycal("repo", "show", repo, "--json").stdout)["certified"]
    assert bias not in after
    assert len(after) == len(shown["certified"]) - 1
    again = dailycal("repo", "decertify", "LATISS/calib/daily", "bias", *span)
    assert again.returncode == 66


def test_three_biases_fail_the_two_sided_noise_test_and_nothing_is_certified(rehearsed, directory):
    """Residual noise after subtracting their own mean is 0.816 of the read noise."""
    assert rehearsed.returncode == 0
    result = rehearse(
        directory,
        *("--generate", "-p", "script_mode=BIAS", "-p", "n_bias=3", "-p", "n_discard_bias=0"),
        *("-p", "calib_collection=LATISS/calib/three", "-p", "accept_rule=exposures"),
        *("-p", "config_options_verify_bias=-c verifyBias:noiseTestTwoSided=True"),
    )
    assert result.returncode == 79, result.stdout
    assert "rejected, 3 of 3 bad" in result.stdout
    assert "BIAS NOISE: in 3 of 3 exposures, on at most 16 amplifiers" in result.stdout
    shown = json.loads(dailycal("repo", "show", str(directory / "repo"), "--json").stdout)
    assert all(item["collection"] != "LATISS/calib/three" for item in shown["certified"])


def test_somebody_elses_directory_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    result = dailycal("rehearse", "--small", "--yes", "--directory", str(tmp_path))
    assert result.returncode == 64
    assert "not ours" in result.stderr
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_what_an_earlier_rehearsal_left_is_not_removed_unasked(tmp_path):
    (tmp_path / "observatory.json").write_text("{}")
    result = dailycal("rehearse", "--small", "--directory", str(tmp_path))
    assert result.returncode == 64
    assert "--keep" in result.stderr
    assert (tmp_path / "observatory.json").exists()


def test_a_wrong_configuration_is_told_before_anything_is_made(tmp_path):
    directory = tmp_path / "run"
    result = dailycal("rehearse", "--directory", str(directory), "-p", "n_bais=3")
    assert result.returncode == 65
    assert "is n_bias meant?" in result.stderr
    assert not directory.exists()


def test_sigterm_ends_everything_that_simulate_started(tmp_path):
    """As Ctrl-C does, which ends every observatory that tests join."""
    child = subprocess.Popen(
        [*PROGRAM, "simulate", "--small", "--no-reference", "--json", "--directory",
         str(tmp_path / "observatory")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip
    with child:
        started = json.loads(child.stdout.readline())
        pids = [item["pid"] for item in started["processes"]]
        assert len(pids) == 6
        assert all(psutil.pid_exists(pid) for pid in pids)
        assert "LSST_DDS_PARTITION_PREFIX" in started["environment"]
        child.send_signal(signal.SIGTERM)
        _, errors = child.communicate(timeout=60)
        assert child.returncode == 0, errors
        assert not any(psutil.pid_exists(pid) for pid in pids)
