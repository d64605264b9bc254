# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that belong together, and reach their command as one object."""

__all__ = ["grouped"]

import dataclasses
import functools
import typing
from collections.abc import Callable, Sequence

Command = Callable[..., typing.Any]
Decorator = Callable[[Command], Command]


def grouped(name: str, kind: type, options: Sequence[Decorator]) -> Decorator:
    """Make a decorator that adds options to a command, which gets all of them in one object.

    Parameters
    ----------
    name : `str`
        Name of the parameter of the command.
    kind : `type`
        Dataclass with a field for each option. A field that another such decorator fills is
        taken from there.
    options : `~collections.abc.Sequence`
        Decorators of click, in the order in which the help names them.

    Returns
    -------
    decorator : `~collections.abc.Callable`
        What is put above the command.
    """
    fields = [field.name for field in dataclasses.fields(kind)]

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def collect(*args: typing.Any, **kwargs: typing.Any) -> typing.Any:
            kwargs[name] = kind(**{field: kwargs.pop(field) for field in fields})
            return function(*args, **kwargs)

        command: Command = collect
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
