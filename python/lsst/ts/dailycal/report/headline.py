# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of a run, to be understood in five seconds: a sign, a word and a sentence."""

__all__ = ["Headline", "headline", "headline_of_killed", "status_class"]

import dataclasses

from .document import Report

_CLASSES = {
    "done": "good",
    "certified": "good",
    "verified": "good",
    "taken": "good",
    "rejected": "bad",
    "failed": "bad",
    "stopped": "warning",
    "not attempted": "warning",
    "given up": "warning",
    "not accepted": "bad",
    "open": "running",
    "running": "running",
    "asked": "running",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Headline:
    """What stands at the top of a page about a run."""

    status: str
    """``good``, ``warning``, ``bad`` or ``running``: gives the colour."""
    sign: str
    """A sign that says the same without colour."""
    word: str
    """What came of it, in few words."""
    lines: tuple[str, ...]
    """Sentences below."""
    command: str = ""
    """The one command that goes on; empty if nothing is left to do, or it is not known here."""


def headline(report: Report) -> Headline:
    """Say what came of a run.

    Parameters
    ----------
    report : `Report`
        The run.
    """
    if report.status == "open":
        return Headline("running", "…", "No end", (report.verdict,))
    if report.status == "stopped":
        return Headline("warning", "■", "Stopped", _filled(report.verdict, report.kept))
    if report.status == "failed":
        fault = (report.fault,) if report.fault else report.failures or (report.verdict,)
        return Headline("bad", "✗", "Failed", _filled(*fault, report.remedy, report.kept))
    if report.rejected:
        names = " and ".join(map(str, report.rejected))
        return Headline("bad", "✗", f"{names} rejected", _sentences(report))
    certified = [str(item.image_type) for item in report.calibrations if item.certification]
    what = f"{' and '.join(certified)} certified" if certified else "All is well"
    return Headline("good", "✓", what, _sentences(report))


def headline_of_killed(wrong: str, kept: str) -> Headline:
    """Say what came of a run whose process has ended and whose journal has no end.

    Parameters
    ----------
    wrong : `str`
        What is known of it, in a sentence; empty if nothing is.
    kept : `str`
        What was kept, in a sentence; empty if nothing was.
    """
    lines = _filled(wrong or "The process of the run ended before the run did.", kept)
    return Headline("bad", "✗", "Killed", lines)


def status_class(status: str) -> str:
    """Return the kind of a status, from which its colour follows (`str`)."""
    return _CLASSES.get(status, "none")


def _filled(*lines: str) -> tuple[str, ...]:
    return tuple(filter(None, lines))


def _sentences(report: Report) -> tuple[str, ...]:
    return tuple(
        f"{part[:1].upper()}{part[1:]}."
        for part in map(str.strip, report.verdict.split("; "))
        if part
    )
