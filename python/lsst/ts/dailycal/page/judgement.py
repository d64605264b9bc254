# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be right before a step of the page: judgements on what was seen."""

__all__ = [
    "IMAGE_BYTES",
    "accept_findings",
    "disk_finding",
    "enabling_findings",
    "needed_components",
    "queue_findings",
    "refusals",
    "script_findings",
]

import dataclasses
import typing
from collections.abc import Collection, Iterable, Sequence

from ..model import (
    ComponentName,
    ComponentStatus,
    ConfigurationError,
    Finding,
    QueuedScript,
    QueueStatus,
    ScriptPath,
    ScriptState,
    Severity,
)
from .bias_dark import CALIBRATIONS
from .steps import PageStep

IMAGE_BYTES = 75e6
"""Size of a raw image of LATISS, in bytes."""
COPIES = 3.0
"""How often an image is on disk when all is done: raw, processed, retrieved by OCPS."""
COMFORTABLE = 3.0
"""Less room than so many runs need is worth a warning."""


def enabling_findings(
    statuses: Iterable[ComponentStatus], needed: Collection[ComponentName] = ()
) -> list[Finding]:
    """Judge components that are going to be enabled: each alive, and none in FAULT.

    A component in FAULT could be sent to STANDBY and enabled again, but somebody should know
    why it went there first.

    Parameters
    ----------
    statuses : `~collections.abc.Iterable` [`ComponentStatus`]
        How they are.
    needed : `~collections.abc.Collection` [`ComponentName`], optional
        Those that must be ENABLED already; see `needed_components`.

    Returns
    -------
    findings : `list` [`Finding`]
        One a component.
    """
    return [_judge_component(status, status.name in needed) for status in statuses]


def needed_components(steps: Iterable[PageStep]) -> frozenset[ComponentName]:
    """Find the components that must be ENABLED before steps, since none of them enables them."""
    enabled: set[ComponentName] = set()
    needed: set[ComponentName] = set()
    for step in steps:
        if step.enables:
            enabled.update(step.components)
        elif step.takes_images:
            needed.update(name for name in step.components if name not in enabled)
    return frozenset(needed)


def _judge_component(status: ComponentStatus, is_needed: bool) -> Finding:
    name = str(status.name)
    remark = f" ({status.remark})" if status.remark else ""
    if not status.alive:
        seen = f"no heartbeat; last state {status.state or 'unknown'}"
        return Finding(name, Severity.REFUSAL, seen, f"Start {name}, or find out why it is silent.")
    if not status.state:
        advice = f"Restart {name}: it beats, but does not tell its state."
        return Finding(name, Severity.REFUSAL, "state unknown", advice)
    if status.state == "FAULT":
        error = f", error {status.error_code}: {status.error_report}" if status.error_code else ""
        return Finding(name, Severity.REFUSAL, f"FAULT{error}", _leave_fault(name))
    if status.state == "OFFLINE" and "PUBLISH_ONLY" in status.remark:
        advice = "Release it from CCS: setAvailable on the console of ats-ocs-bridge."
        return Finding(name, Severity.REFUSAL, f"OFFLINE{remark}", advice)
    if is_needed and status.state != "ENABLED":
        advice = "No step of this run enables it: begin with an earlier step."
        return Finding(name, Severity.REFUSAL, f"{status.state}{remark}", advice)
    if status.state == "OFFLINE" and "AVAILABLE" not in status.remark:
        advice = f"enterControl will be tried; if {name} does not know it, start it again."
        return Finding(name, Severity.WARNING, f"OFFLINE{remark}", advice)
    if status.name.name == "Scheduler" and status.state == "ENABLED" and not _is_idle(status):
        advice = "To enable it anew ends what it does; --skip-step leaves it alone."
        return Finding(name, Severity.WARNING, f"ENABLED{remark}", advice)
    return Finding(
        name, Severity.OK, f"{status.state}{remark if status.state == 'OFFLINE' else ''}"
    )


def _is_idle(status: ComponentStatus) -> bool:
    return not status.remark or status.remark.endswith("IDLE")


def _leave_fault(name: str) -> str:
    if name == "ATCamera":
        return (
            "Recover it from CCS: clear the alerts of ats-fp, bonn-shutter and ats-mcm, then "
            "clearFault and setAvailable on ats-ocs-bridge."
        )
    return (
        f"Find out why, and remove the cause; then send {name} to STANDBY: "
        f"dailycal script set_summary_state.py -p 'data: [[{name}, STANDBY]]'"
    )


def queue_findings(status: QueueStatus, *, may_resume: bool = False) -> list[Finding]:
    """Judge the script queue.

    Parameters
    ----------
    status : `QueueStatus`
        How it is.
    may_resume : `bool`, optional
        Will a paused queue be resumed?

    Returns
    -------
    findings : `list` [`Finding`]
        One on the queue, one on what is in it.
    """
    name = str(status.name)
    if not status.alive:
        advice = f"Start {name}, or find out why it is silent."
        seen = f"no heartbeat; last state {status.state or 'unknown'}"
        return [Finding(name, Severity.REFUSAL, seen, advice)]
    if status.state != "ENABLED":
        return [
            Finding(
                name,
                Severity.REFUSAL,
                status.state or "state unknown",
                f"Enable {name} first, by the means of LOVE or with set_summary_state.",
            )
        ]
    found = [*_rival(status)]
    if not status.running:
        where = f"paused on {_describe(status.current)}" if status.current else "paused"
        if may_resume:
            found.append(Finding(name, Severity.WARNING, where, "It will be resumed."))
        else:
            advice = (
                "Find out who paused it and why; when nobody needs it paused, resume it in "
                "LOVE, or give the option --resume-queue."
            )
            found.append(Finding(name, Severity.REFUSAL, where, advice))
    elif others := [item for item in (status.current, *status.waiting) if _is_in_the_way(item)]:
        seen = f"running; {len(others)} other script{'s' if len(others) > 1 else ''} before ours"
        advice = f"The first: {_describe(others[0])}."
        found.append(Finding(name, Severity.WARNING, seen, advice))
    else:
        found.append(Finding(name, Severity.OK, "ENABLED, running, empty"))
    return found


def _rival(status: QueueStatus) -> Iterable[Finding]:
    """Find somebody else's calibrations in the queue."""
    for item in (status.current, *status.waiting):
        if item is not None and item.path == CALIBRATIONS.path and _is_in_the_way(item):
            yield Finding(
                f"{status.name} use",
                Severity.REFUSAL,
                f"calibrations are in the queue already: {_describe(item)}",
                "Wait for their end, or agree with whoever added them.",
            )


def _is_in_the_way(item: QueuedScript | None) -> typing.TypeGuard[QueuedScript]:
    """Tell whether a script is still to end: one that has ended stays current for a moment."""
    over = (ScriptState.DONE, ScriptState.STOPPED, ScriptState.FAILED)
    return item is not None and item.state not in over


def _describe(item: QueuedScript) -> str:
    state = "" if item.state is ScriptState.UNKNOWN else f" {item.state.name}"
    return f"script {item.index}{f' {item.path}' if item.path else ''}{state}"


def script_findings(
    steps: Iterable[PageStep], available: Collection[ScriptPath], queue: str
) -> list[Finding]:
    """Find the scripts of steps that the queue does not have.

    Returns
    -------
    findings : `list` [`Finding`]
        One that all are there, or one for each that is not.
    """
    wanted = list(dict.fromkeys(step.script for step in steps))
    missing = [script for script in wanted if script not in available]
    if not missing:
        return [Finding("Scripts", Severity.OK, f"{queue} has all {len(wanted)}")]
    return [
        Finding(
            script.path,
            Severity.REFUSAL,
            f"{queue} has no such {script.kind} script",
            _other_kind(script, available),
        )
        for script in missing
    ]


def _other_kind(script: ScriptPath, available: Collection[ScriptPath]) -> str:
    other = dataclasses.replace(script, is_standard=not script.is_standard)
    if other in available:
        return f"It has an {other.kind} script of that name."
    return "Install it where the queue looks, or use the queue that has it."


def disk_finding(
    where: str, free: float | None, images: int, image_bytes: float = IMAGE_BYTES
) -> Finding:
    """Judge the room on a disk.

    Parameters
    ----------
    where : `str`
        The directory.
    free : `float` or `None`
        Free space, in bytes; `None` if the directory is not on this machine.
    images : `int`
        Images that will be taken.
    image_bytes : `float`
        Size of a raw image, in bytes.
    """
    subject = "Disk"
    if free is None:
        return Finding(subject, Severity.OK, f"{where} is not on this machine; not looked at")
    need = images * image_bytes * COPIES
    seen = f"{_bytes(free)} free for {where}; {_bytes(need)} needed"
    if free < need:
        advice = "Remove runs that nobody needs, or write elsewhere."
        return Finding(subject, Severity.REFUSAL, seen, advice)
    if free < COMFORTABLE * need:
        return Finding(subject, Severity.WARNING, seen, "There will soon be too little.")
    return Finding(subject, Severity.OK, seen)


def _bytes(number: float) -> str:
    for unit in ("kB", "MB", "GB"):
        number /= 1000.0
        if number < 1000.0:
            return f"{number:.3g} {unit}"
    return f"{number / 1000.0:.3g} TB"


def accept_findings(findings: Sequence[Finding], subjects: Collection[str]) -> list[Finding]:
    """Turn refusals that an observer accepts into warnings.

    Raises
    ------
    ConfigurationError
        If there is no such subject.
    """
    known = [finding.subject for finding in findings]
    unknown = [subject for subject in subjects if subject not in known]
    if unknown:
        raise ConfigurationError(
            f"{subject!r} is none of the checks: {', '.join(dict.fromkeys(known))}."
            for subject in unknown
        )
    return [
        dataclasses.replace(
            finding, severity=Severity.WARNING, advice=f"Accepted. {finding.advice}".strip()
        )
        if finding.subject in subjects and finding.severity is Severity.REFUSAL
        else finding
        for finding in findings
    ]


def refusals(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that refuse (`list` [`Finding`])."""
    return [finding for finding in findings if finding.severity is Severity.REFUSAL]
