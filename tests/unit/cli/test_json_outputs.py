# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What commands print with `--json` is what `dailycal schema` says, and no key more."""

import json

import click
import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from json_strictly import check_output, strictly
from lsst.ts.dailycal.cli.json_outputs import OUTPUTS
from lsst.ts.dailycal.cli.main import cli


def printed(*args: str) -> str:
    result = CliRunner().invoke(cli, args, standalone_mode=False)
    assert result.exception is None, result.output
    return result.stdout


def commands_with_json(command: click.Command, name: str):
    if any("--json" in option.opts for option in command.params):
        yield name
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            yield from commands_with_json(command.get_command(context, child), f"{name} {child}")


def test_every_command_that_prints_json_has_a_schema():
    described = {command for output in OUTPUTS.values() for command in output.commands}
    printing = {
        "run_script" if name == "dailycal script" else name
        for name in commands_with_json(cli, "dailycal")
    }
    assert described == printing


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_schema_is_one_and_describes_every_key(name):
    schema = json.loads(printed("schema", name))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator.check_schema(strictly(schema))
    assert schema["version"] >= 1
    if name != "line":
        assert not list(undescribed(schema))


def undescribed(schema, path=""):
    if isinstance(schema, list):
        for item in schema:
            yield from undescribed(item, path)
    elif isinstance(schema, dict):
        for key, item in schema.get("properties", {}).items():
            if "description" not in item:
                yield f"{path}.{key}"
            yield from undescribed(item, f"{path}.{key}")
        for key in ("items", "anyOf", "prefixItems", "additionalProperties"):
            yield from undescribed(schema.get(key), path)


def test_schemas_are_listed_and_an_unknown_one_is_refused():
    listed = printed("schema")
    assert all(name in listed for name in OUTPUTS)
    result = CliRunner().invoke(cli, ["schema", "nothing"])
    assert result.exit_code == 2  # click's own; `run_command` makes 64 of it
    assert "there are line, check" in result.output


def test_faults_versions_and_a_block():
    assert len(check_output("faults", printed("faults", "--json"))) > 50
    (versions,) = check_output("version", printed("version", "--json"))
    assert "python" in versions
    (block,) = check_output(
        "block", printed("block", "validate", "block-latiss-daily-bias-dark.json", "--json")
    )
    assert block["valid"]


def test_a_judgement(tmp_path):
    file = tmp_path / "verifyBiasStats.yaml"
    failures = {"FAILURES": ["R00_S00 C00 NOISE"], "SUCCESS": False}
    file.write_text(yaml.safe_dump({"2026112300001": failures, "SUCCESS": False}))
    (decision,) = check_output("judge", printed("judge", str(file), "--json"))
    assert decision["exposures"] == 1


def test_keys_that_no_schema_names_are_seen():
    with pytest.raises(jsonschema.ValidationError):
        check_output("version", '{"python": 3}')
    with pytest.raises(jsonschema.ValidationError):
        check_output("line", '{"event": "Report", "path": "", "why": "", "more": 1}')
    with pytest.raises(jsonschema.ValidationError):
        check_output("check", '{"ready": true, "findings": [], "more": 1}')
