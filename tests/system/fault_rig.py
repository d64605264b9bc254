# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script as a process, in a simulated observatory of processes, with a real Butler."""

import asyncio
import contextlib
import dataclasses
import itertools
import os
import pathlib
import shutil
import signal
import threading
import time
import typing
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import psutil
import pytest
import yaml
from fault_outcomes import STRUCK, note

from lsst.ts import salobj
from lsst.ts.dailycal.butler.certify import find_conflicts
from lsst.ts.dailycal.cli.script.driver import ScriptDriver, ScriptRequest
from lsst.ts.dailycal.cli.script.events import Ended, LogLine, Remark, StateChanged
from lsst.ts.dailycal.cli.script.path import scripts_directory
from lsst.ts.dailycal.journal import DIRECTORY_VARIABLE
from lsst.ts.dailycal.model import Certified, ComponentName, Event, ExposureTaken, RunOutcome
from lsst.ts.dailycal.run import RunState, read_journal
from lsst.ts.dailycal.sal.group.paths import SummaryState
from lsst.ts.dailycal.sal.transitions import SalGroup, Target
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.faults import Fault
from lsst.ts.dailycal.sim.programs import LATISS
from lsst.ts.dailycal.sim.supervisor import ObservatoryOptions, SimulatedObservatory

SCRIPTS = scripts_directory()
SCRIPT = SCRIPTS / "auxtel" / "make_latiss_calibrations.py"
TIME_SCALE = 50.0
QUICK = {
    "script_mode": "BIAS_DARK",
    "n_bias": 3,
    "n_dark": 2,
    "exp_times_dark": 5,
    "generate_calibrations": True,
    # Real seconds, while the simulated ones are 50 times as short; generous, for loaded machines.
    "oods_timeout": 20,
    "job_timeout": 90,
}
IMAGES = 7
ONE_PROCESS = (LATISS,)
_indices = itertools.count(201_000)


UNDER_WAY: list["Script"] = []
"""The scripts that the test has started."""


@dataclasses.dataclass(frozen=True)
class Result:
    """What was seen of a script."""

    exit_code: int
    state: str
    reason: str
    log: str

    @property
    def text(self) -> str:
        return f"{self.reason}\n{self.log}"


@dataclasses.dataclass
class Rig:
    """One observatory, and the scripts that run in it."""

    observatory: SimulatedObservatory
    directory: pathlib.Path

    @property
    def journals(self) -> pathlib.Path:
        """Where the scripts that are started now have their journals."""
        return pathlib.Path(os.environ[DIRECTORY_VARIABLE])

    def journal(self) -> pathlib.Path:
        """Find the journal that was begun last."""
        return max(self.journals.glob("*.jsonl"), key=lambda path: path.name)

    def events(self, kind: type = object) -> list[Event]:
        return [event for event in read_journal(self.journal()) if isinstance(event, kind)]

    @property
    def state(self) -> RunState:
        return RunState(self.events())

    @property
    def outcome(self) -> RunOutcome:
        outcome = self.state.outcome
        assert outcome is not None, "the journal does not say how the run ended"
        return outcome

    def statuses(self) -> list[str]:
        return [item.status.value for item in self.outcome.calibrations]

    def start(self, config: Mapping[str, typing.Any], **options: typing.Any) -> "Script":
        """Start a script."""
        return Script(self, config, **options)

    async def run(self, config: Mapping[str, typing.Any] = QUICK, **changes: typing.Any) -> Result:
        """Run a script to its end."""
        return await self.start({**config, **changes}).end()

    async def run_script(self, path: str, config: Mapping[str, typing.Any]) -> Result:
        """Run another script of the page to its end."""
        return await self.start(config, path=SCRIPTS / path).end()

    async def resume(self, config: Mapping[str, typing.Any] = QUICK) -> Result:
        """Take up the last run."""
        return await self.run(config, resume=self.journal().stem)

    async def enable(self) -> None:
        """Bring the components to ENABLED, as the scripts of the procedure do."""
        names = [ComponentName.parse(text) for text in LATISS]
        async with salobj.Domain() as domain:
            group = SalGroup(domain, names)
            await group.start()
            await group.drive({name: Target(SummaryState.ENABLED) for name in names})

    def raw_files(self) -> list[str]:
        """List the names of the images that ATOODS wrote in this observatory."""
        return sorted(
            path.name[:20] for path in self.observatory.config.raw_directory.glob("*/*.fits")
        )

    def logs(self) -> str:
        """Read what the components said."""
        logs = (self.observatory.config.root / "logs").glob("*.log")
        return "\n".join(path.read_text(errors="replace") for path in logs)

    def check_struck(self, *faults: str) -> None:
        """Make sure that faults happened, or a test would hold for nothing."""
        logs = self.logs()
        parsed = [Fault.parse(text) for text in faults]
        missing = [str(fault) for fault in parsed if f"Fault {fault} strikes" not in logs]
        assert not missing, f"never struck: {missing}"
        STRUCK.update(fault.name for fault in parsed)

    def note(self, fault: str, result: Result, after_resume: Result | None = None) -> None:
        """Make sure that a fault happened, and note what it did."""
        self.check_struck(fault)
        self.note_means(fault, result, after_resume)

    def note_means(self, fault: str, result: Result, after_resume: Result | None = None) -> None:
        """Note what a fault did that a test brought about itself."""
        after = "" if after_resume is None else f"{after_resume.state}: {self.ends()}"
        note(fault, result.state, result.exit_code, result.reason, after)

    def ends(self) -> str:
        """Say what became of each calibration of the last run."""
        return ", ".join(
            f"{item.image_type} {item.status.value}" for item in self.outcome.calibrations
        )

    def component(self, name: str) -> psutil.Process:
        """Find the process of a component."""
        return psutil.Process(self.observatory.find(name).pid)

    def check_accounts(self, exposures: int) -> None:
        """Every image that the camera took is in a journal, and once in that of the last run."""
        taken = [event.image.name for event in self.events(ExposureTaken)]
        assert len(set(taken)) == len(taken)
        assert len(taken) == exposures
        known = {
            str(name)
            for path in self.journals.glob("*.jsonl")
            for name in RunState(read_journal(path)).all_images
        }
        assert set(self.raw_files()) <= known, "nobody accounts for an image"
        certified = [event.image_type for event in self.events(Certified)]
        assert len(set(certified)) == len(certified), "certified twice"

    async def certifications(self, collection: str = "LATISS/calib/daily") -> dict[str, int]:
        """Count what is certified, as the Butler has it."""
        return await asyncio.to_thread(self._certifications, collection)

    def _certifications(self, collection: str) -> dict[str, int]:
        repo = self.observatory.config.repository
        found = {}
        for dataset_type in ("bias", "dark"):
            conflicts = find_conflicts(
                repo, collection, dataset_type, "1990-01-01T00:00:00", "2090-01-01T00:00:00"
            )
            found[dataset_type] = len(conflicts)
        return found


class Script:
    """A script process under way."""

    def __init__(
        self,
        rig: Rig,
        config: Mapping[str, typing.Any],
        *,
        pause: str = "",
        stop: str = "",
        path: pathlib.Path = SCRIPT,
    ) -> None:
        self.rig = rig
        self.config = config
        self.index = next(_indices)
        self.seen: list[object] = []
        request = ScriptRequest(
            path, self.index, yaml.safe_dump(dict(config)), pause=pause, stop=stop
        )
        self.driver = ScriptDriver(request, self.seen.append)
        self._task = asyncio.create_task(self.driver.run())
        UNDER_WAY.append(self)

    def process(self) -> psutil.Process:
        """Find its process."""
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if str(self.index) in child.cmdline():
                    return child
        raise LookupError(f"there is no process of script {self.index}")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process().send_signal(number)

    def has_journal(self) -> bool:
        """Has it begun a journal of its own?"""
        return bool(list(self.rig.journals.glob(f"*-{self.index}.jsonl")))

    async def until(self, predicate: Callable[[], bool], timeout: float = 60.0) -> bool:
        """Wait until something is so; false if the script ended first."""
        deadline = time.monotonic() + timeout
        while not predicate():
            if self._task.done():
                return False
            assert time.monotonic() < deadline, f"it never happened; seen: {self.seen[-5:]}"
            await asyncio.sleep(0.004)
        return True

    async def until_records(self, number: int) -> bool:
        """Wait until the journal has so many lines."""

        def has() -> bool:
            try:
                return self.rig.journal().read_bytes().count(b"\n") >= number
            except (ValueError, OSError):
                return False

        return await self.until(has)

    async def until_checkpoint(self, name: str) -> bool:
        """Wait until the script has come to a checkpoint."""
        return await self.until(
            lambda: any(
                isinstance(item, StateChanged) and item.last_checkpoint == name
                for item in self.seen
            )
        )

    async def until_state(self, name: str) -> bool:
        """Wait until the script is in a state."""
        return await self.until(
            lambda: any(isinstance(item, StateChanged) and item.state == name for item in self.seen)
        )

    async def give_up(self) -> None:
        """End it at once, if a test has forgotten it."""
        if not self._task.done():
            with contextlib.suppress(LookupError, psutil.NoSuchProcess):
                self.process().kill()
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def end(self, timeout: float = 150.0) -> Result:
        """Wait for its end."""
        async with asyncio.timeout(timeout):
            code = await self._task
        ended = next(item for item in self.seen if isinstance(item, Ended))
        log = "\n".join(item.text for item in self.seen if isinstance(item, LogLine | Remark))
        return Result(code, ended.state, ended.reason, log)


@pytest.fixture(scope="session")
def template(small_repository) -> pathlib.Path:
    """A repository with reference calibrations; every observatory gets a copy."""
    return small_repository


class _Thread(threading.Thread):
    """Keeps an observatory in an event loop of its own, for all tests of a module."""

    def __init__(self, simulated: SimulatedObservatory) -> None:
        super().__init__(name="observatory")
        self._simulated = simulated
        self._up = threading.Event()
        self._end = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            self._error = error
        finally:
            self._up.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with self._simulated:
            self._up.set()
            await self._end.wait()

    def __enter__(self) -> None:
        self.start()
        self._up.wait()
        if self._error is not None:
            raise self._error

    def __exit__(self, *_: object) -> None:
        if self.is_alive() and self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self.join()


@contextlib.contextmanager
def observatory(
    directory: pathlib.Path,
    template: pathlib.Path,
    *faults: str,
    groups: tuple[tuple[str, ...], ...] = ONE_PROCESS,
    state: str = "enabled",
    **settings: typing.Any,
) -> Iterator[Rig]:
    """Start an observatory in which these things go wrong; all is ENABLED."""
    settings.setdefault("time_scale", TIME_SCALE)
    config = SimulationConfig(root=directory / "run", frame=DIRECT_FRAME, faults=faults, **settings)
    shutil.copytree(template, config.repository)
    simulated = SimulatedObservatory(ObservatoryOptions(config, groups=groups, state=state))
    rig = Rig(simulated, directory)
    with pytest.MonkeyPatch.context() as patch, _Thread(simulated):
        for name, value in simulated.environment.items():
            patch.setenv(name, value)
        patch.setenv(DIRECTORY_VARIABLE, str(directory / "journal"))
        yield rig


@contextlib.asynccontextmanager
async def observing(*args: typing.Any, **settings: typing.Any) -> AsyncIterator[Rig]:
    """Start an observatory for one test, whose event loop goes round meanwhile."""
    context = observatory(*args, **settings)
    rig = await asyncio.to_thread(context.__enter__)
    try:
        yield rig
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)
