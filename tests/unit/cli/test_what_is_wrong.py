# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What commands say, and with which exit code they end, when something is wrong around them."""

import json
import os
import subprocess
import sys

import jsonschema
import pytest

from lsst.ts.dailycal.cli.watch.schema import line_schema

PROGRAM = [sys.executable, "-c", "from lsst.ts.dailycal.cli.main import main; main()"]
CONFIG = ("rehearse", "--small", "--directory", "nowhere", "-c")


def dailycal(tmp_path, *words, **changes):
    return subprocess.run(
        [*PROGRAM, *words], capture_output=True, text=True, check=False, cwd=tmp_path,
        stdin=subprocess.DEVNULL, timeout=60, env={**os.environ, **changes},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (None, 66, "There is no file"),
        (b"\xff\xfe", 74, "is not a text in UTF-8: byte 1 is none of it"),
        (b"n_bias: 3\nn_bias: 4\n", 65, "line 2, column 1: the key 'n_bias' stands there twice"),
        (b"script_mode: [\n", 65, "line 2, column 1"),
        (b"script_mode: DARK\nexp_times_dark: [5, x]\n", 65, "exp_times_dark (element 2): 'x'"),
    ],
    ids=["missing", "undecodable", "key twice", "no YAML", "element of a list"],
)
def test_a_configuration_file_that_cannot_be_used(tmp_path, content, code, says):
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_bytes(content)
    result = dailycal(tmp_path, *CONFIG, str(path))
    assert result.returncode == code, result.stderr
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("rehearse", "--small", "-c"),
        ("run", "--dry-run", "--config-for", "calibrations"),
        ("run", "--dry-run", "--limits"),
        ("judge", "--type", "BIAS"),
    ],
    ids=" ".join,
)
def test_a_file_that_is_not_yaml_is_named_with_the_place_in_it(tmp_path, words):
    (tmp_path / "bad.yaml").write_text("n_bias: 3\nexp_times_dark: [5\n", encoding="utf-8")
    result = dailycal(tmp_path, *words, "bad.yaml")
    assert result.returncode == 65, result.stderr
    assert "bad.yaml is not YAML: line 3, column 1: " in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_standard_stream_that_is_closed_is_as_good_as_empty(tmp_path, closed):
    (tmp_path / "rehearsal").mkdir()
    (tmp_path / "rehearsal" / "observatory.json").write_text("{}", encoding="utf-8")
    command = f'exec "$@" {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", command, "sh", *PROGRAM, "rehearse", "--small"], capture_output=True,
        text=True, check=False, cwd=tmp_path, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    assert done.returncode == 64, done.stderr
    assert "Traceback" not in done.stderr
    if "2" not in closed:
        assert "its repository, 0 raw files and the journals of 0 runs. --keep" in done.stderr


def test_a_terminal_that_lacks_a_character_is_no_reason_to_fail(tmp_path):
    result = dailycal(tmp_path, "run", "--dry-run", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr


def test_a_full_device_is_said_in_a_sentence(tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [*PROGRAM, "faults"], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            cwd=tmp_path, timeout=60,
        )  # fmt: skip
    assert done.returncode == 74
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_not_taken_for_a_full_output(tmp_path):
    limited = ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *PROGRAM]
    done = subprocess.run(
        [*limited, "run", "--small", "--directory", "there"], capture_output=True, text=True,
        check=False, cwd=tmp_path, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    assert done.returncode == 74, done.stderr
    assert "there/observatory.json: File too large." in done.stderr
    assert list((tmp_path / "there").iterdir()) == []


def test_a_home_that_cannot_be_written_is_named(tmp_path):
    home = tmp_path / "file"
    home.touch()
    result = dailycal(tmp_path, "simulate", "--small", "--directory", str(home / "x"))
    assert result.returncode == 74
    assert str(home) in result.stderr
    assert "Traceback" not in result.stderr


def test_lists_without_any_journal_are_no_error(tmp_path):
    result = dailycal(tmp_path, "runs", "--directory", str(tmp_path))
    assert result.returncode == 0
    assert "There is no journal in" in result.stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("status", "nothing"), 66, "There is no journal of a run nothing"),
        (("run", "--skip-step", "x"), 65, "x"),
        (("block", "validate", "none.json"), 66, "There is no file none.json"),
        (("runs", "--nonsense"), 64, "--nonsense"),
    ],
)
def test_programs_are_told_of_an_error_as_an_object(tmp_path, words, code, says):
    result = dailycal(tmp_path, *words, "--json")
    assert result.returncode == code
    event = json.loads(result.stdout.splitlines()[-1])
    assert set(event) == {"event", "text", "advice", "exit_code"}
    assert (event["event"], event["exit_code"]) == ("Error", code)
    assert says in event["text"]
    assert event["text"].endswith(event["advice"])
    assert (event["advice"] == "dailycal runs") == (words[0] == "status")
    jsonschema.validate(event, line_schema())
