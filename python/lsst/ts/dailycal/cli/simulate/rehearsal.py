# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job in a simulated observatory, from nothing to the last table."""

__all__ = ["Rehearsal", "RehearsalRequest", "RehearsalResult"]

import dataclasses
import os
import pathlib
import time
import typing
from collections.abc import Callable

from ...model import ComponentName
from ...report.summary import RunSummary
from ..journal_directory import write_journals_to
from ..script.events import ScriptEvent

if typing.TYPE_CHECKING:
    from ...sim.config import SimulationConfig

COMPONENTS = tuple(
    ComponentName.parse(text)
    for text in ("ATCamera", "ATSpectrograph", "ATHeaderService", "ATOODS", "OCPS:1")
)
"""What has to be ENABLED: LATISS, and the service that runs pipelines."""


@dataclasses.dataclass(frozen=True, slots=True)
class RehearsalRequest:
    """What is to be rehearsed."""

    config: "SimulationConfig"
    """The observatory."""
    script: pathlib.Path
    """Executable of the script."""
    script_config: str
    """Its configuration, as YAML text."""
    index: int
    """Index of its Script component."""
    log_level: int
    """Level of its log."""


@dataclasses.dataclass(frozen=True, slots=True)
class RehearsalResult:
    """What came of it."""

    exit_code: int
    """Exit code of the script."""
    summary: RunSummary | None
    """What its journal says; `None` if it has none, since it was refused before it began."""
    where: dict[str, str]
    """What lies where."""
    durations: dict[str, float]
    """What took how long, in seconds."""


class Rehearsal:
    """Makes the repository, starts the observatory, enables it, runs the script, looks back.

    Parameters
    ----------
    request : `RehearsalRequest`
        What is to be rehearsed.
    show : `~collections.abc.Callable`
        Is given what the script does.
    tell : `~collections.abc.Callable`
        Is told what is done around it.
    """

    def __init__(
        self,
        request: RehearsalRequest,
        show: Callable[[ScriptEvent], None],
        tell: Callable[[str], None],
    ) -> None:
        self._request = request
        self._show = show
        self._tell = tell
        self._durations: dict[str, float] = {}

    @property
    def _journals(self) -> pathlib.Path:
        return self._request.config.root / "journal"

    def prepare(self) -> None:
        """Make the repository, if there is none. Blocks for a minute with full-size frames."""
        config = self._request.config
        if (config.repository / "butler.yaml").exists():
            self._tell(f"Using the repository {config.repository}")
            return
        from .reference import prepare_repository

        config.root.mkdir(parents=True, exist_ok=True)
        # From now on the directory can be told to be ours, whatever happens next.
        config.save(config.root / "observatory.json")
        with self._timed("repository"):
            prepare_repository(config, self._tell)

    async def run(self) -> RehearsalResult:
        """Do the rest.

        Raises
        ------
        CalibrationError
            If the observatory cannot be started or enabled.
        """
        from ...sim.supervisor import ObservatoryOptions, SimulatedObservatory
        from ..page.session import START_TIMEOUT

        begin = time.time()
        self._tell("Starting the components")
        with self._timed("start"):
            options = ObservatoryOptions(
                self._request.config,
                start_timeout=START_TIMEOUT,
                on_wait=lambda names: self._tell(f"Waiting for {', '.join(names)}"),
            )
            observatory = SimulatedObservatory(options)
            await observatory.__aenter__()
        try:
            os.environ.update(observatory.environment)
            write_journals_to(self._journals)
            with self._timed("enable"):
                await self._enable()
            with self._timed("script"):
                exit_code = await self._run_script()
        finally:
            await observatory.__aexit__(None, None, None)
        return self._result(exit_code, begin)

    async def _enable(self) -> None:
        import lsst.ts.salobj as salobj

        from ...sal.group.components import SalGroup, Target
        from ...sal.group.paths import SummaryState

        self._tell(f"Enabling {', '.join(map(str, COMPONENTS))}")
        async with salobj.Domain() as domain:
            group = SalGroup(domain, COMPONENTS)
            await group.start()
            await group.drive({name: Target(SummaryState.ENABLED) for name in group.names})

    async def _run_script(self) -> int:
        from ..script.driver import ScriptDriver, ScriptRequest

        request = self._request
        self._tell(f"Running {request.script.name} {request.index}")
        script = ScriptRequest(
            path=request.script,
            index=request.index,
            config=request.script_config,
            log_level=request.log_level,
        )
        return await ScriptDriver(script, self._show).run()

    def _result(self, exit_code: int, begin: float) -> RehearsalResult:
        from ...report import summarize_run
        from ...run import read_run_entries

        config = self._request.config
        paths = [path for path in self._journals.glob("*.jsonl") if path.stat().st_mtime >= begin]
        where = {
            "Repository": str(config.repository),
            "Raw files": str(config.raw_directory),
            "Logs": str(config.root / "logs"),
        }
        summary = None
        if paths:
            path = max(paths, key=lambda item: item.stat().st_mtime)
            records = read_run_entries(path)
            summary = summarize_run(records)
            where["Journal"] = str(path)
        return RehearsalResult(exit_code, summary, where, dict(self._durations))

    def _timed(self, name: str) -> "_Timer":
        return _Timer(self._durations, name)


class _Timer:
    def __init__(self, durations: dict[str, float], name: str) -> None:
        self._durations, self._name = durations, name

    def __enter__(self) -> None:
        self._begin = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._durations[self._name] = time.monotonic() - self._begin
