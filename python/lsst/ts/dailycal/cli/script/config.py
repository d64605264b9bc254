# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the configuration of a script, and check it before the script is started."""

__all__ = ["check_configuration", "fetch_schema", "read_configuration"]

import pathlib
import typing
from collections.abc import Iterable, Mapping

import yaml

from ...calibration.validate import validate_configuration
from ...calibration.yaml_text import describe_yaml_error, parse_yaml
from ...forking import run_program, script_environment
from ...model import Command, ConfigurationError
from ..errors import CommandError
from ..exit_codes import ExitCode
from ..files import read_text

SCHEMA_TIMEOUT = 20.0
"""How long a script may take to print its schema, in seconds; the queue allows the same."""


def read_configuration(file: pathlib.Path | None, pairs: Iterable[str]) -> dict[str, typing.Any]:
    """Read a YAML file and ``key=value`` pairs; the pairs win.

    Parameters
    ----------
    file : `~pathlib.Path` or `None`
        A configuration file; ``-`` for standard input.
    pairs : `~collections.abc.Iterable` [`str`]
        Each ``key=value`` with a YAML value, e.g. ``exp_times_dark=[5, 5, 15]``.

    Raises
    ------
    ConfigurationError
        If anything is not YAML; it lists all problems.
    CommandError
        If the file cannot be read.
    """
    problems: list[str] = []
    config = _read_file(file, problems)
    from_pairs: dict[str, typing.Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        key = key.strip()
        if not equals or not key:
            problems.append(f"-p {pair}: write key=value.")
        elif key in from_pairs:
            problems.append(f"-p {key}: is given twice.")
        else:
            from_pairs[key] = _read_yaml(value, f"-p {pair[:60]}", problems)
    if problems:
        raise ConfigurationError(problems)
    return {**config, **from_pairs}


def _read_file(file: pathlib.Path | None, problems: list[str]) -> dict[str, typing.Any]:
    name = "Standard input" if str(file) == "-" else str(file)
    content = _read_yaml(read_text(file) or "", name, problems)
    if content is None:
        return {}
    if not isinstance(content, dict):
        problems.append(f"{name} must hold `name: value` lines.")
        return {}
    return content


def _read_yaml(text: str, what: str, problems: list[str]) -> typing.Any:
    try:
        return parse_yaml(text, what)
    except ConfigurationError as error:
        problems += error.problems
        return None


def fetch_schema(path: pathlib.Path, index: int) -> dict[str, typing.Any] | None:
    """Ask a script for the schema of its configuration, as the queue does.

    Parameters
    ----------
    path : `pathlib.Path`
        The script.
    index : `int`
        Index that it would run with.

    Returns
    -------
    schema : `dict` or `None`
        The JSON schema; `None` if the script has no configuration.

    Raises
    ------
    CommandError
        If it does not answer, or not with a schema.
    """
    try:
        answer = run_program(
            [str(path), str(index), "--schema"], SCHEMA_TIMEOUT, env=script_environment(path)
        )
    except TimeoutError:
        raise CommandError(
            f"{path} --schema: no answer within {SCHEMA_TIMEOUT:g} s.",
            ExitCode.UNAVAILABLE,
            _alone(path, index),
        ) from None
    except OSError as error:
        raise CommandError(
            f"{path} cannot be started: {error.strerror}.",
            ExitCode.UNAVAILABLE,
            "Is the program there that its first line names?",
        ) from error
    if answer.returncode != 0:
        raise CommandError(
            f"{path} --schema: exit code {answer.returncode}.\n{_tail(answer.stderr)}\n",
            ExitCode.UNAVAILABLE,
            _alone(path, index),
        )
    return _parse_schema(path, index, answer.stdout)


def _alone(path: pathlib.Path, index: int) -> str:
    """Say how to see more of what a script answers."""
    return f"To see it alone: {Command((str(path), str(index), '--schema'))}"


def _parse_schema(path: pathlib.Path, index: int, output: bytes) -> dict[str, typing.Any] | None:
    try:
        schema = yaml.safe_load(output.decode(errors="replace"))
    except yaml.YAMLError as error:
        raise CommandError(
            f"{path} --schema: the answer is not YAML: {describe_yaml_error(error)}.",
            ExitCode.UNAVAILABLE,
            _alone(path, index),
        ) from error
    if schema is None:
        return None
    if not isinstance(schema, dict):
        raise CommandError(
            f"{path} --schema: the answer is not a JSON schema.",
            ExitCode.UNAVAILABLE,
            _alone(path, index),
        )
    return schema


def _tail(output: bytes, lines: int = 10) -> str:
    return "\n".join(output.decode(errors="replace").splitlines()[-lines:])


def check_configuration(
    schema: Mapping[str, typing.Any] | None, config: Mapping[str, typing.Any]
) -> dict[str, typing.Any]:
    """Check a configuration against the schema of the script.

    Returns
    -------
    full : `dict`
        The configuration with the defaults filled in.

    Raises
    ------
    ConfigurationError
        If anything is wrong; it lists all problems.
    """
    if schema is None:
        if config:
            raise ConfigurationError(
                [f"This script has no configuration; leave out {', '.join(map(str, config))}."]
            )
        return {}
    # The script drops this key, which blocks put there, before it looks.
    own = {key: value for key, value in config.items() if key != "metadata"}
    properties = schema.get("properties", {})
    # A script fills in the defaults first, and only then misses what is required.
    required = [
        key for key in schema.get("required", ()) if "default" not in properties.get(key, {})
    ]
    return validate_configuration({**schema, "properties": properties, "required": required}, own)
