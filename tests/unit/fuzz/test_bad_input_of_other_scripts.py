# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every property of the scripts around the main one refuses what it must not be, by name."""

import importlib.resources

import pytest
import yaml
from bad_values import CONTROL, NEVER, PATHS, SHELL
from refusals import count_refused

from lsst.ts.dailycal.calibration import validate_configuration
from lsst.ts.dailycal.model import ConfigurationError

DATA = importlib.resources.files("lsst.ts.dailycal.scripts").joinpath("data")
SCHEMAS = {
    path.name.removesuffix(".yaml"): yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in DATA.iterdir()
    if path.name.endswith(".yaml")
}
PROPERTIES = [(name, key) for name, schema in SCHEMAS.items() for key in schema["properties"]]
HARMLESS_PATHS = {"", "a//b", "a/", "a b", " ", "."}
TEXTS = [*CONTROL, *SHELL, *(path for path in PATHS if path not in HARMLESS_PATHS), "x" * 257]
OTHERS = {
    "string": [True, 5, 1.5, [], ["a"], {}],
    "array": [True, 5, "a", {}, [5], [[]], [None], [{}]],
    "boolean": [0, 1, "yes", "", None, [], {}],
    "number": [True, "5", "", None, -1, [], {}],
}


def bad_values(rule):
    """List what a property with this rule must not be."""
    options = rule.get("anyOf", [rule])
    yield from NEVER
    for option in options:
        yield from OTHERS.get(option["type"], [])
        if option["type"] == "string":
            yield from TEXTS
        if option["type"] == "array" and option["items"]["type"] == "array":
            yield from ([["ATCamera", "ENABLED", text]] for text in TEXTS)
            yield from ([], [["ATCamera"]], [["ATCamera", "ENABLED", "a", "b"]], [["ATCamera", 5]])


@pytest.mark.parametrize(("script", "name"), PROPERTIES)
def test_a_bad_value_is_refused_at_once_and_by_name(script, name, record_property):
    schema = SCHEMAS[script]
    count = count_refused(
        lambda value: validate_configuration(schema, {name: value}),
        name,
        bad_values(schema["properties"][name]),
    )
    record_property("bad_inputs", count)
    assert count >= 20


@pytest.mark.parametrize("script", SCHEMAS)
def test_a_property_that_nobody_knows_is_refused(script):
    with pytest.raises(ConfigurationError, match="no_such"):
        validate_configuration(SCHEMAS[script], {"no_such": 1})


@pytest.mark.parametrize(
    "text", ["_init.yaml", "auxtel_fbs_image_photocal.yaml", "current", "v1/a.yaml", "a,b", "x:1"]
)
def test_names_of_configurations_are_taken(text):
    validate_configuration(SCHEMAS["scheduler_enable"], {"config": text})
    validate_configuration(SCHEMAS["enable_atcs"], {"ataos": text})
    validate_configuration(SCHEMAS["set_summary_state"], {"data": [["Test:*", "ENABLED", text]]})
