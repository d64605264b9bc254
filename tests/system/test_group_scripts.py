# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts of the page, in this process, against fake CSCs."""

import contextlib
import dataclasses

import lsst.ts.salobj as salobj
import pytest
from lsst.ts.idl.enums.Script import ScriptState

from alone import be_alone
from lsst.ts.dailycal.model import ComponentName
from lsst.ts.dailycal.sal.group.components import SalGroup, Target
from lsst.ts.dailycal.sal.group.paths import SummaryState
from lsst.ts.dailycal.scripts.group_script import (
    EnableATCS,
    EnableLATISS,
    StandbyATCS,
    StandbyLATISS,
)
from lsst.ts.dailycal.scripts.scheduler import ATSchedulerEnable, ATSchedulerStandby
from lsst.ts.dailycal.scripts.set_summary_state import SetSummaryState
from lsst.ts.dailycal.sim.config import SimulationConfig
from lsst.ts.dailycal.sim.csc.atspectrograph import SimATSpectrograph
from lsst.ts.dailycal.sim.csc.camera.csc import SimATCamera
from lsst.ts.dailycal.sim.csc.scheduler import SimScheduler
from lsst.ts.dailycal.sim.csc.telescope.csc import SimATDome, SimATMCS, make_telescope_csc
from lsst.ts.dailycal.sim.csc.telescope.log import read_commands
from lsst.ts.dailycal.sim.csc.telescope.table import TELESCOPE
from lsst.ts.dailycal.sim.csc.watcher import SimWatcher

pytestmark = pytest.mark.timeout(120)

INDEX = 200_017
STATE = salobj.State


@dataclasses.dataclass(frozen=True)
class End:
    """How a script ended."""

    state: ScriptState
    reason: str
    last_checkpoint: str
    duration: float
    checkpoints: tuple[str, ...]
    remotes: frozenset[str]


class Observatory:
    """Fake components, and scripts that are run among them."""

    def __init__(self, config: SimulationConfig) -> None:
        self.config = config
        self.cscs: dict[str, salobj.BaseCsc] = {}

    def states(self) -> dict[str, str]:
        return {name: csc.summary_state.name for name, csc in self.cscs.items()}

    async def run(self, script_class, text: str = "", index: int = INDEX) -> End:
        async with (
            script_class(index) as script,
            salobj.Domain() as domain,
            salobj.Remote(domain, "Script", index, include=["state"]) as remote,
        ):
            checkpoints: dict[str, None] = {}

            async def note(data) -> None:
                checkpoints[data.lastCheckpoint] = None

            remote.evt_state.callback = note
            await remote.cmd_configure.set_start(config=text, timeout=30)
            remotes = frozenset(info.name for info in script.domain.salinfo_set) - {"Script"}
            await remote.cmd_setGroupId.set_start(groupId="group", timeout=10)
            await remote.cmd_run.set_start(timeout=60)
            await script.done_task
            end = script.state
            return End(
                ScriptState(end.state),
                end.reason,
                end.lastCheckpoint,
                script.evt_metadata.data.duration,
                tuple(filter(None, checkpoints)),
                remotes,
            )

    async def refuses(self, script_class, text: str = "", index: int = INDEX) -> str:
        """Configure a script, which must fail, and return why."""
        async with (
            script_class(index),
            salobj.Domain() as domain,
            salobj.Remote(domain, "Script", index, include=["state"]) as remote,
        ):
            with pytest.raises(salobj.AckError) as error:
                await remote.cmd_configure.set_start(config=text, timeout=30)
            return error.value.ackcmd.result


@contextlib.asynccontextmanager
async def an_observatory(tmp_path, factories, *faults):
    be_alone()
    observatory = Observatory(
        SimulationConfig(root=tmp_path, faults=faults, time_scale=10).started()
    )
    async with contextlib.AsyncExitStack() as stack:
        for make in factories:
            csc = await stack.enter_async_context(make(observatory.config))
            observatory.cscs[csc.salinfo.name] = csc
        yield observatory


def _telescope():
    return [lambda config, name=name: make_telescope_csc(name, config) for name in TELESCOPE]


async def test_the_telescope_is_enabled_and_sent_to_standby_and_nothing_moves(tmp_path):
    async with an_observatory(tmp_path, _telescope()) as observatory:
        end = await observatory.run(EnableATCS, "ataos: current\natdome: null\n")
        assert (end.state, end.reason, end.duration) == (ScriptState.DONE, "", 60)
        assert set(observatory.states().values()) == {"ENABLED"}
        assert "current.yaml" in observatory.cscs["ATAOS"].evt_settingsApplied.data.settingsVersion
        end = await observatory.run(StandbyATCS, "ignore: [atdome]")
        assert end.state == ScriptState.DONE
        states = observatory.states()
        assert states.pop("ATDome") == "ENABLED"
        assert set(states.values()) == {"STANDBY"}
        assert read_commands(tmp_path) == []


async def test_a_component_in_trouble_is_named_and_the_rest_is_enabled(tmp_path):
    faults = ("transition_fault@ATPtg/enable", "in_fault@ATDome")
    async with an_observatory(tmp_path, _telescope(), *faults) as observatory:
        assert observatory.states()["ATDome"] == "FAULT"
        end = await observatory.run(EnableATCS)
        assert end.state == ScriptState.FAILED
        assert "1 of 7 components did not become ENABLED" in end.reason
        assert "ATPtg went to FAULT on command enable" in end.reason
        assert "error 3: the simulated fault transition_fault" in end.reason
        states = observatory.states()
        assert states.pop("ATPtg") == "FAULT"
        assert set(states.values()) == {"ENABLED"}, "ATDome was cleared, the others are enabled"


async def test_an_ignored_name_that_nobody_knows_is_refused_with_the_known_ones(tmp_path):
    async with an_observatory(tmp_path, []) as observatory:
        why = await observatory.refuses(StandbyLATISS, "ignore: [atcam]")
        assert "'atcam' is not in LATISS; is ATCamera meant?" in why
        assert "ATCamera, ATSpectrograph, ATHeaderService, ATOODS" in why
        assert "meant" in await observatory.refuses(EnableLATISS, "ignor: [ATOODS]")


async def test_the_instrument_goes_to_standby_and_the_camera_says_why_it_does_not_come(tmp_path):
    ignore = "ignore: [atheaderservice, ATOODS]"
    factories = [SimATCamera, SimATSpectrograph]
    async with an_observatory(tmp_path, factories) as observatory:
        assert (await observatory.run(EnableLATISS, ignore)).state == ScriptState.DONE
        assert observatory.states() == {"ATCamera": "ENABLED", "ATSpectrograph": "ENABLED"}
        assert (await observatory.run(StandbyLATISS, ignore)).state == ScriptState.DONE
        assert observatory.states() == {"ATCamera": "STANDBY", "ATSpectrograph": "STANDBY"}
    async with an_observatory(tmp_path, factories, "camera_publish_only") as observatory:
        end = await observatory.run(EnableLATISS, ignore)
        assert end.state == ScriptState.FAILED
        assert "PUBLISH_ONLY" in end.reason
        assert "setAvailable" in end.reason
        assert observatory.states() == {"ATCamera": "OFFLINE", "ATSpectrograph": "ENABLED"}


async def test_states_are_set_in_order_and_what_follows_a_failure_is_not_attempted(tmp_path):
    factories = [SimATDome, SimATMCS, SimScheduler]
    async with an_observatory(tmp_path, factories) as observatory:
        good = "[Scheduler:2, ENABLED, auxtel_fbs_image_photocal.yaml]"
        end = await observatory.run(SetSummaryState, f"data: [[ATDome, enabled], {good}]")
        assert (end.state, end.last_checkpoint) == (ScriptState.DONE, "set Scheduler:2")
        assert end.duration == 4
        assert observatory.states() == {
            "ATDome": "ENABLED",
            "ATMCS": "STANDBY",
            "Scheduler": "ENABLED",
        }
        end = await observatory.run(
            SetSummaryState,
            "data: [[ATDome, STANDBY], ['Scheduler:*', STANDBY], [Scheduler:2, ENABLED],"
            " [ATMCS, ENABLED], [ATDome, ENABLED]]",
        )
        assert end.state == ScriptState.FAILED
        assert "Scheduler:2 refused command start: no configuration ''" in end.reason
        assert end.reason.endswith("Not attempted: ATMCS:0, ATDome:0.")
        assert observatory.states() == {
            "ATDome": "STANDBY",
            "ATMCS": "STANDBY",
            "Scheduler": "STANDBY",
        }


async def test_components_that_do_not_exist_or_lack_an_index_are_refused_at_once(tmp_path):
    async with an_observatory(tmp_path, []) as observatory:
        why = await observatory.refuses(
            SetSummaryState, "data: [[OCPS, ENABLED], [Nobody, ENABLED], [ATDome:3, ENABLED]]"
        )
        assert "write e.g. OCPS:1" in why
        assert "There is no component Nobody" in why
        assert "ATDome has no index" in why


@pytest.mark.prevents("D30")
async def test_alarms_are_muted_only_for_what_goes_offline(tmp_path):
    factories = [SimATDome, SimATMCS, SimWatcher]
    async with an_observatory(tmp_path, factories) as observatory:
        watcher = observatory.cscs["Watcher"]
        end = await observatory.run(SetSummaryState, "data: [[ATMCS, ENABLED]]")
        assert not watcher.evt_alarm.has_data
        assert end.remotes == {"ATMCS"}, "opening the Watcher takes time"
        end = await observatory.run(
            SetSummaryState, "data: [[ATDome, OFFLINE]]\nmute_duration: 60\n"
        )
        assert end.state == ScriptState.DONE
        alarm = watcher.evt_alarm.data
        assert alarm.name == "Heartbeat.ATDome:0"
        assert alarm.mutedSeverity == 4
        assert alarm.mutedBy == f"set_summary_state {INDEX}"
        assert alarm.timestampUnmute - watcher.world.clock.tai() == pytest.approx(3600, abs=600)


async def test_a_missing_watcher_is_no_reason_to_fail(tmp_path, caplog):
    async with an_observatory(tmp_path, [SimATMCS]) as observatory:
        end = await observatory.run(SetSummaryState, "data: [[ATMCS, OFFLINE]]")
        assert end.state == ScriptState.DONE
        assert "The Watcher did not mute" in caplog.text


async def test_the_scheduler_is_configured_anew_each_time(tmp_path):
    async with an_observatory(tmp_path, [SimScheduler]) as observatory:
        for name in ("auxtel_fbs_image_photocal.yaml", "auxtel_fbs_spec_flex_survey.yaml"):
            end = await observatory.run(ATSchedulerEnable, f"config: {name}")
            assert (end.state, end.last_checkpoint) == (ScriptState.DONE, "Scheduler ENABLED")
            applied = observatory.cscs["Scheduler"].evt_settingsApplied.data.settingsVersion
            assert applied.startswith(name)
        end = await observatory.run(ATSchedulerEnable, "config: nonsense.yaml")
        assert end.state == ScriptState.FAILED
        assert "auxtel_fbs_image_photocal.yaml" in end.reason
        assert observatory.states() == {"Scheduler": "STANDBY"}
        end = await observatory.run(ATSchedulerStandby)
        assert (end.state, end.last_checkpoint) == (ScriptState.DONE, "Scheduler STANDBY")


class ReticentScheduler(SimScheduler):
    """Does not tell its state when it starts, only when it changes."""

    quiet = True

    def report_summary_state(self) -> None:
        if not self.quiet:
            super().report_summary_state()


@pytest.mark.parametrize("state", [STATE.STANDBY, STATE.DISABLED, STATE.ENABLED])
async def test_a_scheduler_whose_state_nobody_heard_is_found_out_by_commands(tmp_path, state):
    old, new = "auxtel_fbs_spec_flex_survey.yaml", "auxtel_fbs_image_photocal.yaml"

    def make(config):
        return ReticentScheduler(config, initial_state=state, settings_to_apply=old)

    async with an_observatory(tmp_path, [make]) as observatory:
        scheduler = observatory.cscs["Scheduler"]
        assert scheduler.summary_state == state
        scheduler.quiet = False
        end = await observatory.run(ATSchedulerEnable, f"config: {new}")
        assert (end.state, end.reason) == (ScriptState.DONE, "")
        assert "Find out the state of the Scheduler" in end.checkpoints
        assert observatory.states() == {"Scheduler": "ENABLED"}
        assert scheduler.evt_settingsApplied.data.settingsVersion.startswith(new)


async def test_the_scheduler_script_needs_a_configuration_and_an_index_of_its_queue(tmp_path):
    async with an_observatory(tmp_path, []) as observatory:
        assert "config must be given" in await observatory.refuses(ATSchedulerEnable)
        for index in (17, 100_017, 300_017):
            why = await observatory.refuses(ATSchedulerEnable, "config: x", index)
            assert "ScriptQueue:2" in why
            assert "200000 to 299999" in why
            assert "200017" in why
        assert "200017" in await observatory.refuses(ATSchedulerStandby, "", 17)
        assert "not a property" in await observatory.refuses(ATSchedulerStandby, "config: x")


async def test_a_scheduler_that_is_not_there_is_told_within_seconds(tmp_path):
    async with an_observatory(tmp_path, []) as observatory:
        end = await observatory.run(ATSchedulerStandby)
        assert end.state == ScriptState.FAILED
        assert end.last_checkpoint == "Assert liveliness"
        assert "Scheduler:2 is not alive: no heartbeat within 5 s" in end.reason


async def test_what_moves_the_telescope_is_written_down_and_obeyed_only_when_enabled(tmp_path):
    async with (
        an_observatory(tmp_path, [SimATDome]),
        salobj.Domain() as domain,
        salobj.Remote(domain, "ATDome") as remote,
    ):
        with pytest.raises(salobj.AckError):
            await remote.cmd_moveAzimuth.set_start(azimuth=12, timeout=10)
        group = SalGroup(domain, [ComponentName("ATDome")])
        await group.start()
        await group.drive({ComponentName("ATDome"): Target(SummaryState.ENABLED)}, 10)
        await remote.cmd_openShutter.start(timeout=10)
        await remote.cmd_stopMotion.start(timeout=10)
        assert remote.evt_mainDoorState.get().state == 2
        found = [(item.command, item.moves, item.state) for item in read_commands(tmp_path)]
        assert found == [
            ("moveAzimuth", True, "STANDBY"),
            ("openShutter", True, "ENABLED"),
            ("stopMotion", False, "ENABLED"),
        ]
        assert dict(read_commands(tmp_path)[0].fields) == {"azimuth": 12.0}
