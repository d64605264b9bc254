# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script ``auxtel/make_latiss_calibrations.py``: take, verify and certify calibrations."""

__all__ = ["MakeLatissCalibrations"]

import asyncio
import datetime
import logging
import types
import typing

import lsst.ts.salobj as salobj
import yaml

from ..calibration import (
    Plan,
    RunConfig,
    Timeouts,
    check_text,
    configuration_schema,
    final_verdict,
    make_plan,
    make_run_config,
    refuse,
    validate_configuration,
)
from ..journal import FileStorage
from ..model import (
    CalibrationError,
    ConfigurationError,
    Finding,
    ImageTags,
    JournalError,
    RunOutcome,
    Severity,
)
from ..ports import Clock
from ..run import Ports, Run, RunContext, RunFiles, RunJournal, preflight
from ..run.rest import missing_exposures, time_of_rest
from ..run.state import RunState
from ..sal.observatory import SalObservatory
from .log_observer import LogObserver
from .report_address import publish_report_address
from .validator import Validator

MESSAGE_GAP = 0.1
"""Time between messages that decide what others do, in seconds.

salobj 8 writes from a pool of threads, and its readers drop a message that a later one overtook.
"""
CLEAN_UP_TIMEOUT = 120.0
"""How long everything after a stop may take, in seconds: a 30 s dark has to end first."""


class MakeLatissCalibrations(salobj.BaseScript):
    """Take biases and darks with LATISS, have them verified, and certify what is accepted.

    Parameters
    ----------
    index : `int`
        Index of the Script component.
    ports : `Ports`, optional
        The outside systems; by default the observatory's, over salobj.
    """

    def __init__(self, index: int, *, ports: Ports | None = None) -> None:
        super().__init__(
            index=index,
            descr="Take, verify and certify LATISS biases and darks.",
            help="Configuration: script_mode BIAS, DARK or BIAS_DARK; all else has a default.",
        )
        self.config_validator = Validator(configuration_schema(), self.log.error)
        self._observatory = None if ports is not None else SalObservatory(self.domain)
        self._ports = ports
        self._config: RunConfig | None = None
        self._config_text = ""
        self._plan: Plan | None = None
        self._run: Run | None = None
        self._files: RunFiles | None = None
        self._past: RunState | None = None

    @classmethod
    def get_schema(cls) -> dict[str, typing.Any]:
        """Return the schema of the configuration."""
        return configuration_schema()

    async def do_configure(self, data: typing.Any) -> None:
        """Refuse in plain words what is no configuration at all; then do what salobj does.

        Parameters
        ----------
        data : ``cmd_configure.DataType``
            The configuration as YAML text, and more.

        Raises
        ------
        salobj.ExpectedError
            If the script cannot be configured.
        """
        try:
            check_text(data.config)
        except ConfigurationError as error:
            self.log.error(str(error))
            raise salobj.ExpectedError(str(error)) from error
        await super().do_configure(data)

    async def configure(self, config: types.SimpleNamespace) -> None:
        """Check everything that can be checked before a shutter moves.

        Parameters
        ----------
        config : `types.SimpleNamespace`
            Configuration with its defaults filled in.

        Raises
        ------
        ConfigurationError
            If the configuration cannot be carried out, or the observatory is not ready for it.
        """
        try:
            await self._configure(vars(config))
        except CalibrationError as error:
            # In full: the acknowledgement has room for a part of it.
            self.log.error(str(error))
            raise

    async def _configure(self, raw: dict[str, typing.Any]) -> None:
        if raw.get("resume"):
            raw = await _resumed_configuration(raw)
            self._past = await RunFiles(raw["resume"]).read_past()
        self._config = make_run_config(raw, configuration_schema())
        self._config_text = yaml.safe_dump(raw, sort_keys=True)
        self._plan = make_plan(self._config)
        for name in self._config.without_effect.names:
            self.log.warning("Property %s has no effect in this script.", name)
        if raw["check_at"] == "configure":
            await self._check()

    def set_metadata(self, metadata: typing.Any) -> None:
        """Tell the queue how long the run takes and what it does.

        Parameters
        ----------
        metadata : ``evt_metadata.DataType``
            The message to fill in.
        """
        _, plan = self._configured()
        metadata.duration = self._duration(plan)
        metadata.nimages = len(plan.to_be_taken)
        metadata.totalCheckpoints = len(plan.checkpoints)
        if self._past is not None:  # whoever resumes waits for what is left only
            metadata.nimages = len(missing_exposures(self._past))
            metadata.totalCheckpoints = metadata.nimages + 2
        metadata.survey = "calibration"

    async def run(self) -> None:
        """Carry the run out.

        Raises
        ------
        salobj.ExpectedError
            If something that was asked for could not be carried out.
        """
        config, plan = self._configured()
        try:
            await self._check()
            context = await self._make_context(config, plan)
            self.log.info("Run %s, about %.0f s.", context.run_id, self._duration(plan))
            self._run = Run(context, self._config_text)
            outcome = await self._run.execute()
            await publish_report_address(self, context.run_id, self.log)
        except CalibrationError as error:
            raise salobj.ExpectedError(str(error)) from error
        await self._conclude(outcome, config)

    def _duration(self, plan: Plan) -> float:
        """Return the planned time of what is to be done, in seconds."""
        return plan.duration if self._past is None else time_of_rest(self._past)

    async def cleanup(self) -> None:
        """Leave nothing behind after a stop or a failure."""
        try:
            await self._clean_up_run()
        finally:
            await self._release()

    async def close_tasks(self) -> None:
        """End what is left, and let others have the run."""
        await super().close_tasks()
        await self._release()

    async def _clean_up_run(self) -> None:
        if self._run is None:
            return
        try:
            async with asyncio.timeout(CLEAN_UP_TIMEOUT):
                await self._run.clean_up()
        except TimeoutError:
            self.log.error("Cleaning up took more than %.0f s; giving up.", CLEAN_UP_TIMEOUT)
        except CalibrationError as error:
            self.log.error("Cleaning up: %s", error)

    async def _release(self) -> None:
        if self._files is None:
            return
        try:
            await self._files.close()
        except JournalError as error:
            self.log.error("Cleaning up: %s", error)

    def _configured(self) -> tuple[RunConfig, Plan]:
        if self._config is None or self._plan is None:
            raise RuntimeError("The script has not been configured.")
        return self._config, self._plan

    async def _get_ports(self, config: RunConfig) -> Ports:
        if self._ports is None:
            # Imported here: only a run needs the Butler, `--schema` and unit tests do not.
            from ..butler.measure import ButlerMeasuring
            from ..butler.port import ButlerRepository

            assert self._observatory is not None  # noqa: S101 - made when no ports were given
            await self._observatory.start()
            measuring = ButlerMeasuring(config.repo) if config.measure else None
            self._ports = self._observatory.ports(ButlerRepository(config.repo), measuring)
        return self._ports

    async def _check(self) -> None:
        config, _ = self._configured()
        ports = await self._get_ports(config)
        findings = await preflight(config, ports, Timeouts.of(config), _day_obs(ports.clock))
        for finding in findings:
            self._report(finding)
        refuse(findings)

    def _report(self, finding: Finding) -> None:
        level = logging.DEBUG if finding.severity is Severity.OK else logging.WARNING
        text = f"{finding.subject}: {finding.value}. {finding.advice}".strip()
        self.log.log(level, text)

    async def _make_context(self, config: RunConfig, plan: Plan) -> RunContext:
        ports = await self._get_ports(config)
        run_id = config.resume or _run_id(ports.clock, self.salinfo.index)
        self._files = files = RunFiles(run_id)
        events = await files.open(resume=bool(config.resume))
        self.log.info("Journal: %s", files.path)
        log_observer = LogObserver(self.log, asyncio.get_running_loop())
        return RunContext(
            run_id=run_id,
            config=config,
            plan=plan,
            ports=ports,
            journal=RunJournal(
                FileStorage(files.path),
                ports.clock,
                [log_observer],
                events=events,
                log=self.log,
                disk=files.disk,
            ),
            tags=ImageTags(self.group_id, config.program, config.reason, config.note),
            checkpoint=self.checkpoint,
        )

    async def _conclude(self, outcome: RunOutcome, config: RunConfig) -> None:
        verdict = final_verdict(outcome, config.on_rejection)
        await asyncio.sleep(MESSAGE_GAP)
        for warning in verdict.warnings:
            await self._say(logging.WARNING, warning)
        if not verdict.success:
            raise salobj.ExpectedError(verdict.reason)
        await self._say(logging.INFO, verdict.reason)

    async def _say(self, level: int, text: str) -> None:
        """Log what everybody must hear, apart from what is logged next."""
        self.log.log(level, text)
        await asyncio.sleep(MESSAGE_GAP)


async def _resumed_configuration(raw: dict[str, typing.Any]) -> dict[str, typing.Any]:
    """Take the configuration of the run that is to be finished; only its id is given."""
    started = await RunFiles(raw["resume"]).read_start()
    old = validate_configuration(configuration_schema(), yaml.safe_load(started.config))
    return {**old, "resume": raw["resume"], "check_at": raw["check_at"]}


def _day_obs(clock: Clock) -> int:
    """Return the observing day of an exposure taken now: the date of TAI minus 12 hours."""
    moment = datetime.datetime.fromtimestamp(clock.tai() - 12 * 3600, tz=datetime.UTC)
    return int(moment.strftime("%Y%m%d"))


def _run_id(clock: Clock, index: int) -> str:
    """Name a run by the time of its start and the index of its script."""
    moment = datetime.datetime.fromtimestamp(clock.tai(), tz=datetime.UTC)
    return f"{moment:%Y%m%dT%H%M%S}-{index}"
