# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is raised when components do not get to the states they are wanted in."""

__all__ = ["GroupTransitionError", "TransitionError"]

from collections.abc import Iterable

from ...model import ComponentError, ComponentName
from .paths import SummaryState


class TransitionError(ComponentError):
    """A component did not get to the state it was wanted in.

    Parameters
    ----------
    component : `ComponentName`
        Which component.
    target : `SummaryState`
        Where it was wanted.
    what : `str`
        What went wrong.
    state : `SummaryState` or `None`
        The last state heard; `None` if none was.
    error_code, error_report
        Its last error, if it is in FAULT.
    last_seen, remedy
        See `~.model.CalibrationError`.
    """

    def __init__(
        self,
        component: ComponentName,
        target: SummaryState,
        what: str,
        *,
        state: SummaryState | None,
        error_code: int = 0,
        error_report: str = "",
        last_seen: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(what, last_seen=last_seen, remedy=remedy)
        self.component = component
        self.target = target
        self.state = state
        self.error_code = error_code
        self.error_report = error_report


class GroupTransitionError(ComponentError):
    """Some components of a group did not get there; the others did.

    Parameters
    ----------
    failures : `~collections.abc.Iterable` [`TransitionError`]
        One for each.
    """

    def __init__(self, failures: Iterable[TransitionError]) -> None:
        self.failures = tuple(failures)
        lines = [str(failure) for failure in self.failures]
        super().__init__(lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines))
