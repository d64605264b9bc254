# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observing blocks: read, validated, turned into steps."""

import importlib.resources
import json

import pytest
import yaml
from queue_in_memory import EVERY_SCRIPT

from lsst.ts.dailycal.calibration import configuration_schema
from lsst.ts.dailycal.model import ConfigurationError, ScriptPath
from lsst.ts.dailycal.page import block_procedure, make_page_plan, parse_block, validate_block
from lsst.ts.dailycal.page.plan import PageOptions, calibration_config

SHIPPED = (
    importlib.resources.files("lsst.ts.dailycal")
    .joinpath("data", "blocks", "block-latiss-daily-bias-dark.json")
    .read_text(encoding="utf-8")
)
CALIBRATIONS = {"name": "auxtel/make_latiss_calibrations.py", "standard": False}


def schema_of(script: ScriptPath):
    return configuration_schema() if script.path.endswith("calibrations.py") else None


def block(*scripts, **rest):
    return parse_block(
        json.dumps({"name": "n", "program": "BLOCK-1", "scripts": list(scripts), **rest})
    )


def problems_of(item, **overrides):
    problems, unchecked = validate_block(item, EVERY_SCRIPT, schema_of, overrides or None)
    assert unchecked == []
    return problems


def test_a_script_of_the_observatory_is_not_checked_and_no_mistake():
    item = block(
        {"name": "auxtel/take_image_latiss.py", "standard": False, "parameters": {}},
        {"name": "auxtel/enable_latis.py", "standard": True, "parameters": {}},
    )
    problems, unchecked = validate_block(item, EVERY_SCRIPT, schema_of, is_known=lambda _: False)
    (text,) = unchecked
    assert "auxtel/take_image_latiss.py" in text
    assert "is not checked" in text
    assert "is auxtel/enable_latiss.py meant?" in problems[0]


def test_scripts_are_looked_at_although_the_schema_of_the_block_is_wrong():
    item = block(
        {"name": "auxtel/enable_nothing.py", "standard": True, "parameters": {}},
        configuration_schema="[",
    )
    first, second = problems_of(item)
    assert first.startswith("configuration_schema: ")
    assert "there is no such standard script" in second


def test_the_block_that_is_shipped_is_valid_and_takes_what_the_page_takes():
    shipped = parse_block(SHIPPED)
    assert not shipped.remarks
    assert problems_of(shipped) == []
    (step,) = make_page_plan(block_procedure(shipped), PageOptions()).to_do
    config = calibration_config(step)
    page = calibration_config(
        type(step)(name="x", title="", script=step.script, configuration="script_mode: BIAS_DARK")
    )
    assert config.calibrations == page.calibrations
    assert config.generate == page.generate
    assert config.program == shipped.program


def test_the_scheduler_may_override_what_the_schema_of_the_block_allows():
    shipped = parse_block(SHIPPED)
    overrides = {"n_bias": 3, "n_dark": 2, "exp_times_dark": 5}
    assert problems_of(shipped, **overrides) == []
    (step,) = block_procedure(shipped, overrides).steps
    given = yaml.safe_load(step.configuration)
    assert (given["n_bias"], given["n_dark"], given["exp_times_dark"]) == (3, 2, 5)
    (problem,) = problems_of(shipped, n_bias=0)
    assert "n_bias: 0 is not allowed" in problem


def test_every_script_is_validated_and_all_problems_are_told_at_once():
    bad = block(
        {**CALIBRATIONS, "parameters": {"script_mode": "BIAS_DRAK", "n_biass": 3}},
        {**CALIBRATIONS, "parameters": {"script_mode": "DARK", "n_dark": 3}},
        {"name": "auxtel/take_image_latis.py", "standard": True, "parameters": {}},
        {"name": "auxtel/enable_latiss.py", "standard": False, "parameters": {}},
        {"name": "auxtel/standby_latiss.py", "standard": True, "parameters": {"a": 1}},
    )
    problems = problems_of(bad)
    text = "\n".join(problems)
    for part in (
        "script 1 (auxtel/make_latiss_calibrations.py): 'n_biass' is not a property",
        "script 1 (auxtel/make_latiss_calibrations.py): script_mode",
        "script 2 (auxtel/make_latiss_calibrations.py): exp_times_dark has 23 entries",
        "script 3 (auxtel/take_image_latis.py): there is no such standard script",
        "script 4 (auxtel/enable_latiss.py): it is no external script, but standard.",
        "script 5 (auxtel/standby_latiss.py): it takes no parameters.",
    ):
        assert part in text
    assert len(problems) == 6


def test_a_placeholder_without_a_value_is_told():
    item = block({**CALIBRATIONS, "parameters": {"script_mode": "$mode", "n_bias": "$n"}})
    assert len(problems_of(item)) == 2
    with pytest.raises(ConfigurationError, match=r"\$mode is not in configuration_schema"):
        block_procedure(item)


def test_a_placeholder_within_a_list_is_filled_in():
    item = block(
        {
            **CALIBRATIONS,
            "parameters": {"script_mode": "DARK", "n_dark": 1, "exp_times_dark": ["$t", 5]},
        },
        configuration_schema="properties: {t: {type: number, default: 7}}",
    )
    assert problems_of(item) == []
    assert "- 7\n- 5" in block_procedure(item).steps[0].configuration


def test_steps_of_a_block_have_names_of_their_own():
    parameters = {"script_mode": "BIAS"}
    item = block(
        {**CALIBRATIONS, "parameters": parameters}, {**CALIBRATIONS, "parameters": parameters}
    )
    assert [step.name for step in block_procedure(item).steps] == [
        "1-make-latiss-calibrations",
        "2-make-latiss-calibrations",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": ""}, "name must be a text"),
        ({"program": 295}, "program must be a text"),
        ({"scripts": []}, "scripts must be a list of at least one script"),
        ({"scripts": ["a"]}, "script 1: must be an object"),
        ({"scripts": [{"name": "a", "standard": "yes", "parameters": {}}]}, "true or false"),
        ({"scripts": [{"name": "a", "standard": True, "parameters": []}]}, "must be an object"),
        ({"scripts": [{"name": "a", "standard": True, "extra": 1}]}, "extra is not known"),
        ({"constraints": [{"name": "airmas"}]}, "constraint 'airmas' is not known"),
        ({"constraints": {}}, "constraints must be a list"),
        ({"configuration_schema": {}}, "configuration_schema must be a text"),
    ],
)
def test_what_is_no_block_is_refused(change, problem):
    raw = {**json.loads(SHIPPED), **change}
    with pytest.raises(ConfigurationError, match=problem):
        parse_block(json.dumps(raw))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(ConfigurationError):
        parse_block(text)


def test_a_key_that_stands_twice_in_a_block_is_refused():
    with pytest.raises(ConfigurationError, match="the key 'program' stands there twice"):
        parse_block(SHIPPED.replace('"program"', '"program": "BLOCK-1", "program"', 1))


def test_constraints_of_the_scheduler_are_kept():
    raw = {**json.loads(SHIPPED), "constraints": [{"name": "airmass", "max": 1.5}]}
    assert parse_block(json.dumps(raw)).constraints == ("airmass",)


def test_what_is_unusual_is_remarked():
    raw = {**json.loads(SHIPPED), "program": "daily", "colour": "red"}
    assert len(parse_block(json.dumps(raw)).remarks) == 2
