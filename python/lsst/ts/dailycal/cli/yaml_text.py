# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML that people wrote: a key that stands there twice is a mistake, and mistakes have a place."""

__all__ = ["describe_yaml_error", "load_yaml"]

import typing

import yaml


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


def load_yaml(text: str) -> typing.Any:
    """Read a YAML text.

    Raises
    ------
    yaml.YAMLError
        If it is none, or has a key twice.
    ValueError, RecursionError
        If it has numbers of a thousand digits, or a thousand brackets, which the library lets
        through to Python.
    """
    return yaml.load(text, _Loader)  # noqa: S506 - derived from the safe one


def describe_yaml_error(error: Exception) -> str:
    """Say what is wrong and where, in half a sentence (`str`)."""
    what = str(getattr(error, "problem", None) or error).splitlines()[0]
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}: {what}" if mark is not None else what
