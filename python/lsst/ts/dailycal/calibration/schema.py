# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON schema of the script's configuration.

Imports nothing heavy: ``make_latiss_calibrations.py --schema`` must answer within a second.
"""

__all__ = ["configuration_schema", "configuration_schema_text"]

import functools
import importlib.resources
import typing

import yaml


def configuration_schema_text() -> str:
    """Return the schema as YAML text (`str`)."""
    data = importlib.resources.files(__package__).joinpath("data")
    return data.joinpath("make_latiss_calibrations.yaml").read_text(encoding="utf-8")


@functools.cache
def configuration_schema() -> dict[str, typing.Any]:
    """Return the schema, a JSON schema of draft 7 with defaults (`dict`)."""
    schema = yaml.safe_load(configuration_schema_text())
    assert isinstance(schema, dict)  # noqa: S101 - our own file
    return schema
