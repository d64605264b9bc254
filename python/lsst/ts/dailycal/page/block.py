# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observing blocks, as the Scheduler reads them."""

__all__ = ["Block", "BlockScript", "block_procedure", "parse_block", "validate_block"]

import dataclasses
import difflib
import json
import re
import typing
from collections.abc import Callable, Collection, Iterable, Mapping

import yaml

from ..calibration.validate import validate_configuration
from ..model import ConfigurationError, ScriptPath
from .bias_dark import CALIBRATIONS
from .plan import with_configuration
from .steps import PageStep, Precondition, Procedure

Schema = Mapping[str, typing.Any]
PROGRAM = re.compile(r"BLOCK-T?\d+")
CONSTRAINTS = (
    "airmass",
    "moon_brightness",
    "moon_distance",
    "sky_brightness",
    "cloud_extinction",
    "seeing",
)
"""Names of the constraints that a block may have."""
KEYS = ("name", "program", "id", "constraints", "scripts", "configuration_schema")
"""Keys of a block."""
DEFAULT_DURATION = 300.0
"""Time to allow for a script that nothing is known of, in seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class BlockScript:
    """A script of a block."""

    script: ScriptPath
    """The script."""
    parameters: str
    """Its configuration as JSON text, placeholders such as ``$run_filter`` included."""


@dataclasses.dataclass(frozen=True, slots=True)
class Block:
    """An observing block."""

    name: str
    """Its name."""
    program: str
    """Its program, e.g. ``BLOCK-295``."""
    scripts: tuple[BlockScript, ...]
    """Its scripts, in order."""
    constraints: tuple[str, ...] = ()
    """Names of its constraints, which only the Scheduler heeds."""
    configuration_schema: str = ""
    """Schema of what its placeholders may be, as YAML text; empty if it has none."""
    remarks: tuple[str, ...] = ()
    """What is unusual about it, though no reason to refuse it."""


def parse_block(text: str) -> Block:
    """Read a block.

    Parameters
    ----------
    text : `str`
        JSON text.

    Raises
    ------
    ConfigurationError
        If it is no block; it lists all problems.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise ConfigurationError([f"This is not JSON: {error}."]) from error
    if not isinstance(raw, dict):
        raise ConfigurationError(["A block is a JSON object."])
    problems: list[str] = []
    remarks = [f"{key!r} is no key of a block; it is ignored." for key in raw if key not in KEYS]
    name = _text(raw, "name", problems)
    program = _text(raw, "program", problems)
    if program and not PROGRAM.fullmatch(program):
        remarks.append(
            f"program {program!r} has not the form BLOCK-295 or BLOCK-T17: "
            "the queue will not number its runs."
        )
    block = Block(
        name=name,
        program=program,
        scripts=tuple(_scripts(raw.get("scripts"), problems)),
        constraints=tuple(_constraints(raw.get("constraints"), problems)),
        configuration_schema=_text(raw, "configuration_schema", problems, required=False),
        remarks=tuple(remarks),
    )
    if problems:
        raise ConfigurationError(problems)
    return block


def _text(
    raw: Mapping[str, object], key: str, problems: list[str], *, required: bool = True
) -> str:
    value = raw.get(key)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()):
        found = "missing" if key not in raw else repr(value)
        problems.append(f"{key} must be a text; it is {found}.")
        return ""
    return value


def _scripts(raw: object, problems: list[str]) -> Iterable[BlockScript]:
    if not isinstance(raw, list) or not raw:
        problems.append("scripts must be a list of at least one script.")
        return
    for number, item in enumerate(raw, start=1):
        where = f"script {number}"
        if not isinstance(item, dict):
            problems.append(f"{where}: must be an object with name, standard and parameters.")
            continue
        name, standard, parameters = (
            item.get("name"),
            item.get("standard"),
            item.get("parameters", {}),
        )
        if not isinstance(name, str) or not name:
            problems.append(f"{where}: name must be the path of a script; it is {name!r}.")
        elif not isinstance(standard, bool):
            problems.append(f"{where} ({name}): standard must be true or false.")
        elif not isinstance(parameters, dict):
            problems.append(f"{where} ({name}): parameters must be an object.")
        else:
            unknown = sorted(set(item) - {"name", "standard", "parameters"})
            if unknown:
                problems.append(f"{where} ({name}): {', '.join(unknown)} is not known.")
            yield BlockScript(ScriptPath(name, standard), json.dumps(parameters))


def _constraints(raw: object, problems: list[str]) -> Iterable[str]:
    if raw is None:
        return
    if not isinstance(raw, list):
        problems.append("constraints must be a list.")
        return
    for item in raw:
        name = item.get("name") if isinstance(item, dict) else None
        if name in CONSTRAINTS:
            yield str(name)
        else:
            problems.append(
                f"constraint {name!r} is not known; these are: {', '.join(CONSTRAINTS)}."
            )


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
        problems = [f"configuration_schema: {problem}" for problem in error.problems]
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
    if not block.configuration_schema.strip():
        if overrides:
            raise ConfigurationError(["The block has no configuration_schema to override."])
        return {}
    try:
        schema = yaml.safe_load(block.configuration_schema)
    except yaml.YAMLError as error:
        raise ConfigurationError([f"it is not YAML: {' '.join(str(error).split())}."]) from error
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
