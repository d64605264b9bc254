# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold what commands print to the schema that they have for it, and to no key beyond it."""

import json
import typing

import jsonschema

from lsst.ts.dailycal.cli.json_outputs import OUTPUTS


def strictly(schema: typing.Any) -> typing.Any:
    """Forbid every key that a schema does not name; a key that is new must be described."""
    if isinstance(schema, list):
        return [strictly(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strictly(item) for key, item in schema.items()}
    if isinstance(schema.get("properties"), dict) and "oneOf" not in schema:
        found["unevaluatedProperties"] = False
    if "oneOf" in found:  # times stand beside the fields of an event
        beside = dict.fromkeys(schema["properties"], True)
        for line in found["oneOf"]:
            line["properties"] = {**beside, **line["properties"]}
    return found


def check_output(name: str, text: str) -> list[dict]:
    """Read what a command printed, and hold it to its schema."""
    output = OUTPUTS[name]
    validator = jsonschema.Draft202012Validator(strictly(output.make()))
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines, "nothing was printed"
    assert output.many or len(lines) == 1
    for line in lines:
        validator.validate(line)
    return lines
