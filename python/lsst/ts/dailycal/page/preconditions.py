# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at everything that must be right before the page, or before a step of it."""

__all__ = ["CheckSettings", "PageChecks", "PagePorts"]

import asyncio
import dataclasses
import datetime
import pathlib
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from ..calibration import RunConfig, conflict_findings, make_plan, reference_finding
from ..model import CalibrationError, Conflict, Finding, ImageType, Severity
from ..ports import Announcer, Camera, Clock, Components, ConditionGauges, Queue, Repository
from .conditions import DEFAULT_LIMITS, JudgedReading, Limit, condition_findings, judge_readings
from .judgement import (
    IMAGE_BYTES,
    accept_findings,
    disk_finding,
    enabling_findings,
    needed_components,
    queue_findings,
    script_findings,
)
from .plan import calibration_config
from .steps import PageStep, Precondition

CHECK_TIMEOUT = 10.0
"""Deadline of each check but the repository's, in seconds: components beat once a second."""
REPOSITORY_TIMEOUT = 60.0
"""Deadline of opening and reading the repository, in seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class PagePorts:
    """The outside systems of a run of the page."""

    queue: Queue
    announcer: Announcer
    components: Components
    clock: Clock
    camera: Camera | None = None
    """`None` if no step takes images."""
    gauges: ConditionGauges | None = None
    """`None` if no step takes images."""
    repository: Callable[[str], Repository] | None = None
    """Opens the repository of that name; `None` if no step takes images."""


@dataclasses.dataclass(frozen=True, slots=True)
class CheckSettings:
    """What an observer wants of the checks."""

    limits: Mapping[str, Limit] = dataclasses.field(default_factory=lambda: DEFAULT_LIMITS)
    """Limits of temperatures and pressures."""
    accepted: tuple[str, ...] = ()
    """Subjects whose refusal is only a warning."""
    data_path: str = ""
    """Directory of the images; empty for that of the repository."""
    image_bytes: float = IMAGE_BYTES
    """Size of a raw image, in bytes."""
    may_resume: bool = False
    """Will a paused queue be resumed?"""


class PageChecks:
    """Checks the preconditions of steps.

    Parameters
    ----------
    ports : `PagePorts`
        The outside systems.
    settings : `CheckSettings`, optional
        What is wanted.
    """

    def __init__(self, ports: PagePorts, settings: CheckSettings | None = None) -> None:
        self._ports = ports
        self._settings = settings or CheckSettings()

    async def look(self, steps: Sequence[PageStep]) -> list[Finding]:
        """Look at the preconditions of steps, all at once.

        Parameters
        ----------
        steps : `~collections.abc.Sequence` [`PageStep`]
            The steps that are to be carried out.

        Returns
        -------
        findings : `list` [`Finding`]
            Everything that was looked at, good or bad.

        Raises
        ------
        ConfigurationError
            If something is accepted that is none of the checks.
        """
        wanted = {precondition for step in steps for precondition in step.preconditions}
        checks = {
            Precondition.QUEUE: self._queue,
            Precondition.COMPONENTS: self._components,
            Precondition.CONDITIONS: self._conditions,
            Precondition.CAMERA: self._camera,
            Precondition.DISK: self._disk,
            Precondition.REPOSITORY: self._repository,
        }
        groups = await asyncio.gather(
            *(
                _bounded(precondition, check(steps))
                for precondition, check in checks.items()
                if precondition in wanted
            )
        )
        return [finding for group in groups for finding in group]

    def accept(self, findings: Sequence[Finding]) -> list[Finding]:
        """Turn refusals that the observer accepts into warnings."""
        known = {finding.subject for finding in findings}
        accepted = [subject for subject in self._settings.accepted if subject in known]
        return accept_findings(findings, accepted)

    def check_accepted(self, findings: Sequence[Finding]) -> None:
        """Complain of accepted subjects that are none.

        Raises
        ------
        ConfigurationError
            If there are any.
        """
        accept_findings(findings, self._settings.accepted)

    async def _queue(self, steps: Sequence[PageStep]) -> list[Finding]:
        status = await self._ports.queue.status(CHECK_TIMEOUT / 2)
        findings = queue_findings(status, may_resume=self._settings.may_resume)
        if status.alive and status.state == "ENABLED":
            available = await self._ports.queue.available(CHECK_TIMEOUT / 2)
            findings += script_findings(steps, available, str(status.name))
        return findings

    async def _components(self, steps: Sequence[PageStep]) -> list[Finding]:
        names = dict.fromkeys(name for step in steps for name in step.components)
        statuses = {status.name: status for status in await self._ports.components.status()}
        known = [statuses[name] for name in names if name in statuses]
        return enabling_findings(known, needed_components(steps))

    async def _conditions(self, steps: Sequence[PageStep]) -> list[Finding]:
        del steps
        if self._ports.gauges is None:
            return []
        readings = await self._ports.gauges.read(CHECK_TIMEOUT / 2)
        return condition_findings(readings, self._settings.limits)

    async def read_conditions(self, step: PageStep) -> tuple[JudgedReading, ...]:
        """Read the instruments while a step goes on; nothing if they do not matter to it.

        Raises
        ------
        CalibrationError
            If they cannot be read.
        """
        if self._ports.gauges is None or Precondition.CONDITIONS not in step.preconditions:
            return ()
        readings = await self._ports.gauges.read(CHECK_TIMEOUT / 2)
        return judge_readings(readings, self._settings.limits)

    async def _camera(self, steps: Sequence[PageStep]) -> Sequence[Finding]:
        del steps
        return [] if self._ports.camera is None else await self._ports.camera.check()

    async def _disk(self, steps: Sequence[PageStep]) -> list[Finding]:
        configs = list(_configs(steps))
        images = sum(len(make_plan(config).exposures) for config in configs)
        repo = configs[0].repo if configs else ""
        where = self._settings.data_path or repo
        free = await asyncio.to_thread(_free_space, where)
        return [disk_finding(where, free, images, self._settings.image_bytes)]

    async def _repository(self, steps: Sequence[PageStep]) -> list[Finding]:
        if self._ports.repository is None:
            return []
        findings: list[Finding] = []
        for config in _configs(steps):
            repository = await asyncio.to_thread(self._ports.repository, config.repo)
            day = day_obs(self._ports.clock.tai())
            conflicts = await _conflicts(config, repository, day)
            if missing := await _missing_references(config, repository, day):
                findings.append(reference_finding(config.repo, missing))
            elif config.generate and conflicts:
                findings += conflict_findings(conflicts)
            else:
                collection = f", no conflict in {config.calib_collection}"
                note = collection if config.generate else ", nothing will be certified"
                findings.append(
                    Finding("Repository", Severity.OK, f"{config.repo} is readable{note}")
                )
        return findings


async def _bounded(
    precondition: Precondition, check: Awaitable[Sequence[Finding]]
) -> Sequence[Finding]:
    is_slow = precondition is Precondition.REPOSITORY
    timeout = REPOSITORY_TIMEOUT if is_slow else CHECK_TIMEOUT
    subject = precondition.value.capitalize()
    try:
        async with asyncio.timeout(timeout):
            return await check
    except TimeoutError:
        seen = f"no answer within {timeout:g} s"
        return [Finding(subject, Severity.REFUSAL, seen, "Find out why it does not answer.")]
    except CalibrationError as error:
        return [Finding(subject, Severity.REFUSAL, error.what, error.remedy or error.last_seen)]


async def _conflicts(config: RunConfig, repository: Repository, day: int) -> list[Conflict]:
    """Find what is certified already; asking is also the test that the repository answers."""
    conflicts: list[Conflict] = []
    for image_type in config.image_types:
        certification = config.certification(image_type, day, day)
        conflicts += await repository.find_conflicts(certification, REPOSITORY_TIMEOUT)
    return conflicts


async def _missing_references(
    config: RunConfig, repository: Repository, day: int
) -> list[tuple[str, str]]:
    """Find what tonight's images are to be verified against, and is not there.

    With ``generate_calibrations`` they are verified against what is made of them.
    """
    if not config.verify or config.generate:
        return []
    missing: list[tuple[str, str]] = []
    moment = config.validity(day, day).begin
    for image_type in config.image_types:
        inputs = config.calibration(image_type).verify_inputs
        needed = {ImageType.BIAS.dataset_type, image_type.dataset_type}
        for dataset_type in sorted(needed):
            collections = [name.strip() for name in inputs.split(",")]
            if not await repository.has_calibration(
                collections, dataset_type, moment, REPOSITORY_TIMEOUT
            ):
                missing.append((dataset_type, inputs))
    return list(dict.fromkeys(missing))


def _configs(steps: Iterable[PageStep]) -> Iterable[RunConfig]:
    return (config for step in steps if (config := calibration_config(step)) is not None)


def _free_space(where: str) -> float | None:
    path = pathlib.Path(where)
    if not path.is_absolute():
        return None  # an alias of a repository
    if path.is_file():
        path = path.parent
    try:
        return float(shutil.disk_usage(path).free)
    except OSError:
        return None


def day_obs(tai: float) -> int:
    """Return the observing day of a time: the date of TAI minus 12 hours, YYYYMMDD (`int`)."""
    moment = datetime.datetime.fromtimestamp(tai - 12 * 3600, tz=datetime.UTC)
    return int(moment.strftime("%Y%m%d"))
