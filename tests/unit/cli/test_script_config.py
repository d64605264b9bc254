# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import io
import pathlib
import stat

import pytest

from lsst.ts.dailycal.cli.errors import CommandError
from lsst.ts.dailycal.cli.exit_codes import ExitCode
from lsst.ts.dailycal.cli.script.config import (
    check_configuration,
    fetch_schema,
    read_configuration,
)
from lsst.ts.dailycal.model import ConfigurationError

SCHEMA = {
    "type": "object",
    "properties": {
        "wait_time": {"type": "number", "minimum": 0, "default": 0},
        "mode": {"type": "string", "enum": ["A", "B"]},
        "flag": {"type": "boolean", "default": False},
    },
    "required": ["wait_time", "mode", "flag"],
    "additionalProperties": False,
}


@pytest.fixture
def make_script(tmp_path):
    def make(body: str):
        path = tmp_path / "script.py"
        path.write_text(f"#!/usr/bin/env python\nimport sys\n{body}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make


def test_values_are_yaml():
    pairs = ["a=[5, 5]", "b=true", "c=1e1", "d=text", "e=", "f={x: 1}", "g=a=b"]
    assert read_configuration(None, pairs) == {
        **{"a": [5, 5], "b": True, "c": "1e1", "d": "text", "e": None},
        **{"f": {"x": 1}, "g": "a=b"},
    }


@pytest.fixture
def write(tmp_path):
    def write(text: str):
        path = tmp_path / "some.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_pairs_win_over_the_file(write):
    assert read_configuration(write("a: 1\nb: 2"), ["b=3"]) == {"a": 1, "b": 3}


def test_all_problems_of_reading_are_told_at_once(write):
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(write("- 1"), ["novalue", "=x", "a=[", "b=1", "b=2"])
    problems = caught.value.problems
    assert len(problems) == 5
    assert any("some.yaml must hold `name: value` lines" in text for text in problems)
    assert any("-p a=[ is not YAML: line 1, column 2: " in text for text in problems)
    assert any("key=value" in text and "novalue" in text for text in problems)
    assert any("b: is given twice" in text for text in problems)


def test_a_file_that_is_not_yaml_is_named_with_the_place(write):
    with pytest.raises(ConfigurationError, match=r"/some\.yaml is not YAML: line 2, column 1: "):
        read_configuration(write("a: [1\n"), [])


def test_standard_input_that_is_not_yaml_is_called_so(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("a: [1"))
    with pytest.raises(ConfigurationError, match=r"Standard input is not YAML: line 1"):
        read_configuration(pathlib.Path("-"), [])


def test_defaults_stand_in_for_what_is_required():
    assert check_configuration(SCHEMA, {"mode": "A"}) == {
        "wait_time": 0,
        "mode": "A",
        "flag": False,
    }


def test_all_problems_of_a_configuration_are_told_at_once():
    with pytest.raises(ConfigurationError) as caught:
        check_configuration(SCHEMA, {"wait_tme": 1, "mode": "C", "flag": 3})
    text = str(caught.value)
    assert "is wait_time meant?" in text
    assert "mode: 'C'" in text
    assert "flag: 3" in text


def test_a_script_without_configuration_refuses_any():
    assert check_configuration(None, {}) == {}
    with pytest.raises(ConfigurationError, match="leave out a, b"):
        check_configuration(None, {"a": 1, "b": 2})


def test_metadata_of_a_block_is_let_through_as_scripts_do():
    assert check_configuration(SCHEMA, {"mode": "B", "metadata": {"x": 1}})["mode"] == "B"


def test_the_schema_comes_from_the_script_itself(make_script):
    path = make_script("print('type: object' if sys.argv[1:] == ['7', '--schema'] else '3')")
    assert fetch_schema(path, 7) == {"type": "object"}


def test_an_empty_answer_means_no_configuration(make_script):
    assert fetch_schema(make_script("pass"), 7) is None


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ("sys.exit('no module named x')", "no module named x"),
        ("print('[1')", "not YAML"),
        ("print('[1]')", "not a JSON schema"),
    ],
)
def test_a_script_that_cannot_say_its_schema_is_not_run(make_script, body, match):
    with pytest.raises(CommandError, match=match) as caught:
        fetch_schema(make_script(body), 7)
    assert caught.value.code == ExitCode.UNAVAILABLE


def test_a_script_that_hangs_is_given_up(make_script, monkeypatch):
    monkeypatch.setattr("lsst.ts.dailycal.cli.script.config.SCHEMA_TIMEOUT", 0.2)
    with pytest.raises(CommandError, match=r"no answer within 0\.2 s"):
        fetch_schema(make_script("import time; time.sleep(60)"), 7)


def test_a_script_finds_this_python_also_when_its_environment_is_not_activated(
    make_script, monkeypatch
):
    import sys

    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    schema = fetch_schema(make_script("print('prefix:', sys.prefix)"), 7)
    assert schema == {"prefix": sys.prefix}
