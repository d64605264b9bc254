# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The executables that the queue lists, and the schemas that they tell."""

import ast
import importlib.util
import os
import pathlib
import subprocess
import sys

import jsonschema
import pytest
import yaml

import lsst.ts.dailycal
from lsst.ts.dailycal.scripts.launch import run, schema, schema_text, scripts_dir
from lsst.ts.dailycal.sim.queue.catalog import ScriptCatalog

SCRIPTS = {
    "auxtel/enable_atcs.py": "enable_atcs",
    "auxtel/enable_latiss.py": "enable_latiss",
    "auxtel/make_latiss_calibrations.py": "calibration:make_latiss_calibrations",
    "auxtel/scheduler/enable.py": "scheduler_enable",
    "auxtel/scheduler/standby.py": "scheduler_standby",
    "auxtel/standby_atcs.py": "standby_atcs",
    "auxtel/standby_latiss.py": "standby_latiss",
    "set_summary_state.py": "set_summary_state",
}

_WATCHED = """
import runpy, sys
path = sys.argv[1]
sys.argv = [path, "0", "--schema"]
runpy.run_path(path, run_name="__main__")
heavy = [name for name in ("lsst.ts.salobj", "dds", "numpy", "yaml", "jsonschema", "lsst.daf")
         if name in sys.modules]
sys.exit(f"loaded {heavy}" if heavy else 0)
"""

OVERRIDE = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
IGNORE = {"type": "array", "items": {"type": "string"}, "default": []}
PROPERTIES = {
    "enable_atcs": {
        "ataos": OVERRIDE,
        "athexapod": OVERRIDE,
        "atdome": OVERRIDE,
        "atdometrajectory": OVERRIDE,
        "ignore": IGNORE,
    },
    "enable_latiss": {
        "atcamera": OVERRIDE,
        "atspectrograph": OVERRIDE,
        "atoods": OVERRIDE,
        "ignore": IGNORE,
    },
    "standby_atcs": {"ignore": IGNORE},
    "standby_latiss": {"ignore": IGNORE},
    "scheduler_enable": {"config": {"type": "string", "minLength": 1}},
    "scheduler_standby": {},
}


@pytest.mark.prevents("D26")
def test_the_queue_lists_exactly_the_scripts_of_the_page():
    found = ScriptCatalog(scripts_dir(), scripts_dir()).find(is_standard=True)
    assert found == sorted(SCRIPTS)


@pytest.mark.parametrize("path", SCRIPTS)
def test_an_executable_is_one_for_everybody_and_finds_its_python_by_name(path):
    file = scripts_dir() / path
    assert file.stat().st_mode & 0o777 == 0o755
    assert file.read_text().startswith("#!/usr/bin/env python\n")


@pytest.mark.prevents("D26")
@pytest.mark.parametrize(("path", "name"), SCRIPTS.items())
def test_d26_an_executable_starts_a_class_that_is_there(path, name):
    """Read and not imported, since salobj would come with it."""
    (call,) = (
        node
        for node in ast.walk(ast.parse((scripts_dir() / path).read_text()))
        if isinstance(node, ast.Call)
    )
    class_path, schema_name = (argument.value for argument in call.args)
    module, _, class_name = class_path.partition(":")
    assert schema_name == name
    source = importlib.util.find_spec(module).origin
    classes = [
        node.name
        for node in ast.parse(pathlib.Path(source).read_text()).body
        if isinstance(node, ast.ClassDef)
    ]
    assert class_name in classes


@pytest.mark.parametrize(("path", "name"), SCRIPTS.items())
def test_a_schema_is_told_without_loading_anything_heavy(path, name):
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, scripts_dir() / path],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout) == schema(name)


@pytest.mark.parametrize("name", SCRIPTS.values())
def test_a_schema_is_valid_has_a_description_for_all_and_valid_defaults(name):
    whole = schema(name)
    jsonschema.Draft7Validator.check_schema(whole)
    assert whole["type"] == "object"
    assert whole["additionalProperties"] is False
    for key, prop in whole["properties"].items():
        assert prop.get("description"), key
        if "default" in prop:
            jsonschema.validate(prop["default"], prop)
        else:
            assert name in ("calibration:make_latiss_calibrations",) or key in whole["required"]


@pytest.mark.parametrize(("name", "properties"), PROPERTIES.items())
def test_the_properties_are_those_of_the_scripts_in_use_today(name, properties):
    found = {key: without_limits(prop) for key, prop in schema(name)["properties"].items()}
    assert found == properties


def without_limits(prop):
    """Leave out the description, and what a text must not be: today's scripts take any."""
    found = {
        word: value
        for word, value in prop.items()
        if word not in ("description", "maxLength", "pattern")
    }
    if "anyOf" in found:
        found["anyOf"] = [without_limits(option) for option in found["anyOf"]]
    return found


def test_set_summary_state_takes_what_it_takes_today():
    whole = schema("set_summary_state")
    assert whole["required"] == ["data"]
    defaults = {key: prop.get("default") for key, prop in whole["properties"].items()}
    assert defaults == {"data": None, "mute_alarms": True, "mute_duration": 30.0}
    jsonschema.validate({"data": [["OCPS:1", "ENABLED"]]}, whole)
    jsonschema.validate({"data": [["A", "ENABLED", "x"]], "mute_duration": 0}, whole)
    for wrong in (
        {},
        {"data": []},
        {"data": [["OCPS:1"]]},
        {"data": [["OCPS:1", "ENABLED", "x", "y"]]},
        {"data": [["OCPS", 1]]},
        {"data": [["A", "ENABLED"]], "mute_duration": -1},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, whole)


def test_the_schema_of_the_scheduler_says_which_configuration_the_page_means():
    text = schema_text("scheduler_enable")
    assert "auxtel_fbs_image_photocal.yaml" in text
    assert schema("scheduler_enable")["required"] == ["config"]


@pytest.mark.parametrize("arguments", [[], ["x"], ["x", "--schema"]])
def test_a_command_line_without_an_index_is_refused(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["enable_atcs.py"])
    with pytest.raises(SystemExit) as end:
        run("no_such_module:Script", "enable_atcs", arguments)
    assert end.value.code == 2
    assert "index" in capsys.readouterr().err


def test_the_id_of_every_schema_is_the_address_of_its_file():
    package = pathlib.Path(lsst.ts.dailycal.__file__).parent
    found = {path: yaml.safe_load(path.read_text("utf-8")) for path in package.rglob("*.yaml")}
    schemas = {
        path: item["$id"]
        for path, item in found.items()
        if isinstance(item, dict) and "$id" in item
    }
    assert len(schemas) > 5
    for path, address in schemas.items():
        assert address.endswith(f"/python/lsst/ts/dailycal/{path.relative_to(package)}")
