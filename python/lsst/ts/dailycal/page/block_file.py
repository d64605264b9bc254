# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observing blocks as text, in the format that the Scheduler reads."""

__all__ = ["Block", "BlockScript", "parse_block"]

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping

from ..model import ConfigurationError, ScriptPath

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
        raw = json.loads(text, object_pairs_hook=_without_double_keys)
    except (ValueError, RecursionError) as error:
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


def _without_double_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object of JSON; the second of two equal keys does not silently win."""
    for number, (key, _) in enumerate(pairs):
        if any(key == before for before, _ in pairs[:number]):
            raise ValueError(f"the key {key!r} stands there twice")
    return dict(pairs)


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
