# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be right before the first exposure."""

__all__ = [
    "ACQUISITION_COMPONENTS",
    "PROCESSING_COMPONENTS",
    "component_findings",
    "conflict_findings",
    "decertify_command",
    "describe_status",
    "reference_finding",
    "refuse",
]

from collections.abc import Iterable, Sequence

from ..model import Command, ComponentStatus, Conflict, Finding, NotReadyError, Severity

ACQUISITION_COMPONENTS = ("ATCamera", "ATHeaderService", "ATOODS")
"""Without one of these an exposure would be lost."""
PROCESSING_COMPONENTS = ("OCPS",)
"""Without one of these no image can be processed."""


def component_findings(statuses: Iterable[ComponentStatus]) -> list[Finding]:
    """Judge the components that a run needs: each must be alive and ENABLED.

    Returns
    -------
    findings : `list` [`Finding`]
        One a component.
    """
    return [_judge(status) for status in statuses]


def _judge(status: ComponentStatus) -> Finding:
    name = str(status.name)
    if status.alive and status.state == "ENABLED":
        return Finding(name, Severity.OK, "ENABLED")
    advice = f"Enable {name} first."
    if not status.alive:
        advice = f"Start {name}, or find out why it is silent."
    return Finding(name, Severity.REFUSAL, describe_status(status), advice)


def describe_status(status: ComponentStatus) -> str:
    """Describe how a component is, in half a sentence (`str`)."""
    if not status.alive:
        return f"no heartbeat; last state {status.state or 'unknown'}"
    error = f", error {status.error_code}: {status.error_report}" if status.error_code else ""
    remark = f" ({status.remark})" if status.remark else ""
    return f"{status.state or 'state unknown'}{remark}{error}"


def conflict_findings(conflicts: Iterable[Conflict]) -> list[Finding]:
    """Judge certified calibrations that are in the way.

    Returns
    -------
    findings : `list` [`Finding`]
        One a conflict.
    """
    return [
        Finding(
            f"{conflict.dataset_type} in {conflict.calib_collection}",
            Severity.REFUSAL,
            f"certified already, valid {conflict.validity}, from {conflict.run}",
            "Set calib_collection to another collection, give certify_calib_begin_date and "
            "certify_calib_end_date outside that range, or decertify it first: "
            f"{decertify_command(conflict)}",
        )
        for conflict in conflicts
    ]


def reference_finding(repo: str, missing: Iterable[tuple[str, str]]) -> Finding:
    """Refuse images that could not be verified, since there is nothing to hold them against.

    Parameters
    ----------
    repo : `str`
        The repository.
    missing : `~collections.abc.Iterable` [`tuple` [`str`, `str`]]
        Dataset types, and the collections that have none.
    """
    found = list(missing)
    types = " and no ".join(dataset_type for dataset_type, _ in found)
    places = " or ".join(dict.fromkeys(collections for _, collections in found))
    return Finding(
        "Repository",
        Severity.REFUSAL,
        f"no {types} in {places} of {repo} is valid tonight",
        "Certify one, name another collection in input_collections_verify_bias and "
        "input_collections_verify_dark, or set generate_calibrations. The repository of a "
        "simulated observatory is made anew once its directory is removed.",
    )


def decertify_command(conflict: Conflict) -> Command:
    """Return the command that withdraws a calibration that is in the way (`Command`)."""
    validity = conflict.validity
    words = ("dailycal", "repo", "decertify", conflict.calib_collection, conflict.dataset_type)
    command = Command((*words, "--begin", validity.begin, "--end", validity.end))
    return command.with_("--repo", conflict.repository) if conflict.repository else command


def refuse(findings: Sequence[Finding]) -> None:
    """Refuse the run if any finding says so.

    Raises
    ------
    NotReadyError
        Names every finding that refuses, with what to do.
    """
    problems = [
        f"{item.subject}: {item.value}. {item.advice}".strip()
        for item in findings
        if item.severity is Severity.REFUSAL
    ]
    if problems:
        raise NotReadyError(problems)
