# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""`run_script -h SCRIPT` and `run_script --schema SCRIPT`, from outside."""

import os
import subprocess
import sys

import yaml

from lsst.ts.dailycal.calibration import configuration_schema
from lsst.ts.dailycal.cli.script.properties import (
    describe_default,
    describe_properties,
    describe_type,
)

OURS = "auxtel/make_latiss_calibrations.py"


def run_script(*args: str) -> subprocess.CompletedProcess[str]:
    program = "from lsst.ts.dailycal.cli.script.command import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *args], capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=60, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip


def test_the_schema_of_a_script_is_printed_and_nothing_is_started():
    result = run_script("--schema", OURS)
    assert result.returncode == 0, result.stderr
    assert yaml.safe_load(result.stdout) == configuration_schema()


def test_the_help_of_a_script_says_what_its_configuration_may_hold():
    result = run_script("-h", OURS)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    for name in configuration_schema()["properties"]:
        assert any(line.startswith(f"{name}: ") for line in lines), name
    assert "n_bias: integer (at least 1, at most 1000) or null; default 20" in lines
    (mode,) = (line for line in lines if line.startswith("script_mode"))
    assert mode.endswith("; must be given")


def test_the_words_may_stand_in_any_order_and_the_command_keeps_its_own_help():
    assert run_script("--help").stdout.startswith("Usage: ")
    assert run_script("auxtel/enable_latiss.py", "--help").stdout.startswith("Configuration of")


def test_the_help_of_a_script_that_is_not_there_is_66():
    result = run_script("-h", "auxtel/nothing.py")
    assert result.returncode == 66
    assert "There is no script auxtel/nothing.py" in result.stderr


def test_schemas_of_other_authors_are_described():
    schema = {
        "required": ["data"],
        "properties": {
            "data": {"type": "array", "items": {"enum": [1, 2]}, "minItems": 1},
            "group": {"type": "object", "properties": {"on": {"type": ["boolean", "null"]}}},
            "any": {"description": "What\n you like.", "default": " "},
        },
    }
    assert list(describe_properties(schema)) == [
        ("data", "a list of one of 1, 2 (at least as many as 1); must be given", ""),
        ("group", "a group", ""),
        ("group.on", "boolean or null", ""),
        ("any", 'any value; default " "', "What you like."),
    ]
    assert describe_type({"oneOf": [{"const": "a"}, {"type": "string"}]}, "`") == (
        "one of `a` or string"
    )
    assert [describe_default({"default": item}) for item in (None, False, 1.5)] == [
        "null", "false", "1.5",
    ]  # fmt: skip
