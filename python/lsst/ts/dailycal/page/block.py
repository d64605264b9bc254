# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observing blocks, held against the schemas of their scripts, and as something to carry out."""

__all__ = ["block_procedure", "validate_block"]

import dataclasses
import difflib
import json
import typing
from collections.abc import Callable, Collection, Mapping

import yaml

from ..calibration.validate import validate_configuration
from ..calibration.yaml_text import parse_yaml
from ..model import ConfigurationError, ScriptPath
from .bias_dark import CALIBRATIONS
from .block_file import Block
from .plan import with_configuration
from .steps import PageStep, Precondition, Procedure

Schema = Mapping[str, typing.Any]
DEFAULT_DURATION = 300.0
"""Time to allow for a script that nothing is known of, in seconds."""


def validate_block(
    block: Block,
    available: Collection[ScriptPath],
    get_schema: Callable[[ScriptPath], Schema | None],
    overrides: Mapping[str, object] | None = None,
    *,
    is_known: Callable[[ScriptPath], bool] = lambda _: True,
) -> tuple[list[str], list[str]]:
    """Look for everything that is wrong with a block.

    Parameters
    ----------
    block : `Block`
        The block.
    available : `~collections.abc.Collection` [`ScriptPath`]
        The scripts that there are.
    get_schema : `~collections.abc.Callable`
        Returns the schema of a script that there is; `None` if it takes no configuration.
    overrides : `~collections.abc.Mapping`, optional
        Values of its placeholders.
    is_known : `~collections.abc.Callable`, optional
        Tells of a script that is not available whether it would be if it existed; otherwise
        nothing can be said of it here.

    Returns
    -------
    problems : `list` [`str`]
        Each in a sentence; empty if nothing is wrong.
    unchecked : `list` [`str`]
        The scripts that could not be looked at.
    """
    problems: list[str] = []
    unchecked: list[str] = []
    values: dict[str, object] | None = None
    try:
        values = _placeholder_values(block, overrides or {})
    except ConfigurationError as error:
        problems = list(error.problems)
    for number, item in enumerate(block.scripts, start=1):
        where = f"script {number} ({item.script})"
        if item.script not in available:
            if is_known(item.script) or _is_misspelt(item.script, available):
                problems.append(f"{where}: {_missing(item.script, available)}")
            else:
                unchecked.append(f"{where} is not checked: it does not come with this package.")
            continue
        if values is None:
            continue  # its parameters cannot be known
        given, unknown = _fill_in(json.loads(item.parameters), values)
        problems += [f"{where}: ${name} is not in configuration_schema." for name in unknown]
        if unknown:
            continue
        schema = get_schema(item.script)
        if schema is None:
            if given:
                problems.append(f"{where}: it takes no parameters.")
            continue
        try:
            validate_configuration(schema, given)
            with_configuration(_step(number, item.script, given), None)
        except ConfigurationError as error:
            problems += [f"{where}: {problem}" for problem in error.problems]
    return problems, unchecked


def block_procedure(block: Block, overrides: Mapping[str, object] | None = None) -> Procedure:
    """Turn a block into a procedure: one step a script, with all placeholders filled in.

    Raises
    ------
    ConfigurationError
        If a placeholder has no value, or a configuration is wrong.
    """
    values = _placeholder_values(block, overrides or {})
    steps: list[PageStep] = []
    for number, item in enumerate(block.scripts, start=1):
        given, unknown = _fill_in(json.loads(item.parameters), values)
        if unknown:
            raise ConfigurationError(
                f"script {number} ({item.script}): ${name} is not in configuration_schema."
                for name in unknown
            )
        steps.append(with_configuration(_step(number, item.script, given), None))
    return Procedure(name=block.name, title=f"{block.program} {block.name}", steps=tuple(steps))


def _step(number: int, script: ScriptPath, given: Mapping[str, object]) -> PageStep:
    stem = script.path.rpartition("/")[2].removesuffix(".py").replace("_", "-")
    return PageStep(
        name=f"{number}-{stem}",
        title=script.path,
        script=script,
        configuration=yaml.safe_dump(dict(given), sort_keys=False) if given else "",
        duration=DEFAULT_DURATION,
        deadline=3600.0,
        preconditions=(Precondition.QUEUE,),
        takes_images=script == CALIBRATIONS,
    )


def _is_misspelt(script: ScriptPath, available: Collection[ScriptPath]) -> bool:
    """Tell whether a name is so near to that of another script that no other can be meant."""
    return bool(_close(script, available, 0.92))


def _close(script: ScriptPath, available: Collection[ScriptPath], cutoff: float) -> list[str]:
    names = [item.path for item in available]
    return difflib.get_close_matches(script.path, names, n=1, cutoff=cutoff)


def _missing(script: ScriptPath, available: Collection[ScriptPath]) -> str:
    other = dataclasses.replace(script, is_standard=not script.is_standard)
    if other in available:
        return f"it is no {script.kind} script, but {other.kind}."
    close = _close(script, available, 0.8)
    hint = f"; is {close[0]} meant?" if close else "."
    return f"there is no such {script.kind} script{hint}"


def _placeholder_values(block: Block, overrides: Mapping[str, object]) -> dict[str, object]:
    """Return the values of placeholders: defaults of the block's schema, and overrides."""
    try:
        return _read_values(block, overrides)
    except ConfigurationError as error:
        problems = [f"configuration_schema: {problem}" for problem in error.problems]
        raise ConfigurationError(problems) from error


def _read_values(block: Block, overrides: Mapping[str, object]) -> dict[str, object]:
    if not block.configuration_schema.strip():
        if overrides:
            raise ConfigurationError(["The block has no configuration_schema to override."])
        return {}
    schema = parse_yaml(block.configuration_schema, "it")
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        raise ConfigurationError(["it is no schema with properties."])
    return validate_configuration(schema, dict(overrides))


def _fill_in(
    parameters: Mapping[str, object], values: Mapping[str, object]
) -> tuple[dict[str, object], list[str]]:
    """Replace placeholders; return the parameters, and the names that have no value."""
    unknown: list[str] = []

    def replace(value: object) -> object:
        if isinstance(value, str) and value.startswith("$"):
            if value[1:] in values:
                return values[value[1:]]
            unknown.append(value[1:])
        if isinstance(value, list):
            return [replace(item) for item in value]
        if isinstance(value, dict):
            return {key: replace(item) for key, item in value.items()}
        return value

    return {key: replace(value) for key, value in parameters.items()}, unknown
