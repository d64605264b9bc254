# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script as a process, in a simulated observatory of processes, with a real Butler."""

import asyncio
import contextlib
import pathlib
import typing
from collections.abc import AsyncIterator, Iterator, Mapping

import psutil
import pytest
from fault_outcomes import STRUCK, note

from lsst.ts import salobj
from lsst.ts.dailycal.butler.certify import find_conflicts
from lsst.ts.dailycal.cli.script.path import scripts_directory
from lsst.ts.dailycal.model import Certified, ComponentName, Event, ExposureTaken, RunOutcome
from lsst.ts.dailycal.run import RunState, read_journal
from lsst.ts.dailycal.sal.group.components import SalGroup, Target
from lsst.ts.dailycal.sal.group.paths import SummaryState
from lsst.ts.dailycal.sim.faults.fault import Fault
from lsst.ts.dailycal.sim.programs import LATISS
from lsst.ts.dailycal.testing.observatory import (
    ObservatoryForTests,
    off_the_loop,
    simulated_observatory,
)
from lsst.ts.dailycal.testing.script import ScriptResult, ScriptRun

SCRIPTS = scripts_directory()
SCRIPT = SCRIPTS / "auxtel" / "make_latiss_calibrations.py"
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


UNDER_WAY: list["Script"] = []
"""The scripts that the test has started."""


class Rig(ObservatoryForTests):
    """One observatory, and the runs of the script in it."""

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

    async def run(
        self, config: Mapping[str, typing.Any] = QUICK, **changes: typing.Any
    ) -> ScriptResult:
        """Run a script to its end."""
        return await self.start({**config, **changes}).end()

    async def run_script(self, path: str, config: Mapping[str, typing.Any]) -> ScriptResult:
        """Run another script of the page to its end."""
        return await self.start(config, path=SCRIPTS / path).end()

    async def resume(self, config: Mapping[str, typing.Any] = QUICK) -> ScriptResult:
        """Take up the last run."""
        return await self.run(config, resume=self.journal().stem)

    async def enable(self) -> None:
        """Bring the components to ENABLED, as the scripts of the procedure do."""
        names = [ComponentName.parse(text) for text in LATISS]
        async with salobj.Domain() as domain:
            group = SalGroup(domain, names)
            await group.start()
            await group.drive({name: Target(SummaryState.ENABLED) for name in names})

    def check_struck(self, *faults: str) -> None:
        """Make sure that faults happened, or a test would hold for nothing."""
        self.assert_struck(*faults)
        STRUCK.update(Fault.parse(text).name for text in faults)

    def note(
        self, fault: str, result: ScriptResult, after_resume: ScriptResult | None = None
    ) -> None:
        """Make sure that a fault happened, and note what it did."""
        self.check_struck(fault)
        self.note_means(fault, result, after_resume)

    def note_means(
        self, fault: str, result: ScriptResult, after_resume: ScriptResult | None = None
    ) -> None:
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


class Script(ScriptRun):
    """A script process under way, in a rig."""

    def __init__(
        self,
        rig: "Rig",
        config: Mapping[str, typing.Any],
        *,
        path: pathlib.Path = SCRIPT,
        **options: str,
    ) -> None:
        super().__init__(path, config, **options)
        self.rig = rig
        UNDER_WAY.append(self)

    def has_journal(self) -> bool:
        """Has it begun a journal of its own?"""
        return self.journal() is not None

    async def until_records(self, number: int) -> bool:
        """Wait until the journal has so many lines."""

        def has() -> bool:
            try:
                return self.rig.journal().read_bytes().count(b"\n") >= number
            except (ValueError, OSError):
                return False

        return await self.until(has)


@pytest.fixture(scope="session")
def template(small_repository) -> pathlib.Path:
    """A repository with reference calibrations; every observatory gets a copy."""
    return small_repository


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
    with simulated_observatory(
        directory, *faults, repository=template, groups=groups, state=state, **settings
    ) as found:
        yield Rig(found.observatory, directory)


@contextlib.asynccontextmanager
async def observing(*args: typing.Any, **settings: typing.Any) -> AsyncIterator[Rig]:
    """Start an observatory for one test, whose event loop goes round meanwhile."""
    async with off_the_loop(observatory(*args, **settings)) as rig:
        yield rig
