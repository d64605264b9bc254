# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a page knows of the run of a script that takes images, from that run's own journal."""

__all__ = ["ScriptRun", "ScriptRuns", "run_named_in"]

import dataclasses
import re
import typing

import yaml

_RESUME = re.compile(r"resume: (?P<run_id>[\w.-]+)")


@dataclasses.dataclass(frozen=True, slots=True)
class ScriptRun:
    """The run of a script, as its journal tells it."""

    run_id: str
    """Id of the run."""
    status: str
    """``running``, ``done``, ``failed``, ``stopped``, or ``open`` if it ended without an end."""
    mode: str
    """Its script mode, e.g. ``BIAS_DARK``: whoever resumes it has to give the same."""
    position: str = ""
    """The last exposure that was asked for, e.g. ``DARK 7/23``; empty if there was none."""
    fault: str = ""
    """What is wrong, in one sentence; empty if nothing is, or nothing was recorded."""
    remedy: str = ""
    """What a person does about it, in one sentence; empty if nothing is known."""
    kept: str = ""
    """What was kept, in one sentence; empty if there is nothing yet."""
    left: float = 0.0
    """Planned time of what is left, in seconds."""


class ScriptRuns(typing.Protocol):
    """Finds the run of a script; on the machine of a queue elsewhere there is none to be found."""

    async def find(self, index: int, configuration: str) -> ScriptRun | None:
        """Find the run that a script made, `None` if its journal cannot be read from here.

        Parameters
        ----------
        index : `int`
            Index of the script.
        configuration : `str`
            Its configuration, as YAML text: one that resumes a run names it.
        """
        ...


def run_named_in(text: str) -> str:
    """Return the id of the run that a configuration or a reason says to resume (`str`)."""
    try:
        given = yaml.safe_load(text)
        if isinstance(given, dict):
            return str(given.get("resume") or "")
    except yaml.YAMLError:
        pass  # a reason is a sentence
    found = _RESUME.search(text)
    return found["run_id"] if found else ""
