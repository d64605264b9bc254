# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML that people wrote: a key that stands there twice is a mistake, and mistakes have a place."""

__all__ = ["describe_yaml_error", "parse_yaml"]

import typing

import yaml

from ..model import ConfigurationError


class _Loader(yaml.SafeLoader):
    """As the safe one, but the second of two equal keys does not silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> typing.Any:
        """Make a dictionary, unless a key stands there twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} stands there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str, what: str) -> typing.Any:
    """Read a YAML text.

    Parameters
    ----------
    text : `str`
        The text.
    what : `str`
        What it is called if it is none, e.g. the name of its file.

    Raises
    ------
    ConfigurationError
        If it is none, or has a key twice.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - derived from the safe one
    # The library lets numbers of a thousand digits and a thousand brackets through to Python.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = f"{what} is not YAML: {describe_yaml_error(error)}."
        raise ConfigurationError([problem]) from error


def describe_yaml_error(error: Exception) -> str:
    """Say what is wrong and where, in half a sentence (`str`)."""
    what = str(getattr(error, "problem", None) or error).splitlines()[0]
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}: {what}" if mark is not None else what
