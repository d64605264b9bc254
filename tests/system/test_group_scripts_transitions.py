# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Components are brought from state to state over real salobj, against fake CSCs."""

import asyncio
import contextlib
import logging

import lsst.ts.salobj as salobj
import pytest

from alone import be_alone
from lsst.ts.dailycal.model import ComponentName
from lsst.ts.dailycal.sal.discovery import InstanceFinder
from lsst.ts.dailycal.sal.group.components import (
    GroupTransitionError,
    SalGroup,
    Target,
    TransitionError,
)
from lsst.ts.dailycal.sal.group.paths import SummaryState
from lsst.ts.dailycal.sim.config import SimulationConfig
from lsst.ts.dailycal.sim.csc.camera.csc import SimATCamera
from lsst.ts.dailycal.sim.csc.scheduler import SimScheduler
from lsst.ts.dailycal.sim.csc.telescope.csc import SimATAOS, SimATDome, SimATMCS

pytestmark = pytest.mark.timeout(120)

S = SummaryState
DOME, AOS, MCS = ComponentName("ATDome"), ComponentName("ATAOS"), ComponentName("ATMCS")
CAMERA, SCHEDULER = ComponentName("ATCamera"), ComponentName("Scheduler", 2)
ENABLED = Target(S.ENABLED)


@contextlib.asynccontextmanager
async def an_observatory(tmp_path, factories, *faults):
    """Start components, and a group of all of them and of those in ``absent``."""
    be_alone()
    config = SimulationConfig(root=tmp_path, faults=faults).started()
    async with contextlib.AsyncExitStack() as stack:
        cscs = [await stack.enter_async_context(make(config)) for make in factories]
        domain = await stack.enter_async_context(salobj.Domain())
        yield cscs, domain


async def a_group(domain, *names):
    group = SalGroup(domain, names)
    await group.start()
    return group


async def test_several_components_are_enabled_at_the_same_time_and_confirmed(tmp_path):
    async with an_observatory(tmp_path, [SimATDome, SimATMCS]) as (cscs, domain):
        group = await a_group(domain, DOME, MCS)
        reached = await group.drive(dict.fromkeys(group.names, ENABLED), 10)
        assert [csc.summary_state for csc in cscs] == [salobj.State.ENABLED] * 2
        assert reached == {name: [S.STANDBY, S.DISABLED, S.ENABLED] for name in (DOME, MCS)}
        assert await group.drive({DOME: ENABLED}, 10) == {DOME: [S.ENABLED]}
        reached = await group.drive({DOME: Target(S.STANDBY)}, 10)
        assert reached == {DOME: [S.ENABLED, S.DISABLED, S.STANDBY]}
        assert cscs[1].summary_state == salobj.State.ENABLED, "nobody asked for it"


async def test_those_that_fail_are_named_together_and_the_others_stay_where_they_got(tmp_path):
    faults = ("transition_fault@ATAOS/enable", "transition_refused@ATMCS/start")
    factories = [SimATDome, SimATAOS, SimATMCS]
    async with an_observatory(tmp_path, factories, *faults) as (cscs, domain):
        group = await a_group(domain, DOME, AOS, MCS)
        with pytest.raises(GroupTransitionError) as error:
            await group.drive(dict.fromkeys(group.names, ENABLED), 10)
        aos, mcs = error.value.failures
        assert (aos.component, aos.state, aos.error_code) == (AOS, S.FAULT, 3)
        assert aos.error_report == "the simulated fault transition_fault"
        assert "ATAOS went to FAULT on command enable" in str(aos)
        assert aos.error_report in str(aos)
        assert aos.remedy
        assert (mcs.component, mcs.state, mcs.target) == (MCS, S.STANDBY, S.ENABLED)
        assert "refused command start: the simulated fault transition_refused" in str(mcs)
        assert cscs[0].summary_state == salobj.State.ENABLED
        # The faults struck once: now it works, out of FAULT too.
        reached = await group.drive(dict.fromkeys(group.names, ENABLED), 10)
        assert reached[AOS] == [S.FAULT, S.STANDBY, S.DISABLED, S.ENABLED]


async def test_the_configuration_is_named_in_start_and_told_when_it_has_no_effect(tmp_path, caplog):
    async with an_observatory(tmp_path, [SimScheduler]) as (cscs, domain):
        group = await a_group(domain, SCHEDULER)
        wanted = Target(S.ENABLED, "auxtel_fbs_image_photocal.yaml")
        with pytest.raises(GroupTransitionError, match="needs one of") as error:
            await group.drive({SCHEDULER: ENABLED}, 10)
        known = "auxtel_fbs_image_photocal, auxtel_fbs_spec_flex_survey"
        assert f"a configuration that it knows: {known}" in error.value.failures[0].remedy
        await group.drive({SCHEDULER: wanted}, 10)
        applied = cscs[0].evt_settingsApplied.data.settingsVersion
        assert applied.startswith("auxtel_fbs_image_photocal.yaml:")
        with caplog.at_level(logging.WARNING, "lsst.ts.dailycal"):
            await group.drive({SCHEDULER: wanted}, 10)
        assert "was not applied" in caplog.text


async def test_a_component_that_is_silent_is_not_believed_though_its_state_is_known(tmp_path):
    async with an_observatory(tmp_path, [SimATDome], "heartbeat_lost@ATDome") as (cscs, domain):
        group = await a_group(domain, DOME)
        await asyncio.sleep(2.5)  # after the last heartbeat that was on its way
        assert group.drivers[DOME].state is S.STANDBY
        for target in (Target(S.STANDBY), ENABLED):
            with pytest.raises(TransitionError, match="no heartbeat within 2 s"):
                await group.drivers[DOME].drive(target, 2)
        assert cscs[0].summary_state == salobj.State.STANDBY, "it was commanded blindly"


async def test_a_component_that_does_not_run_is_named_within_seconds(tmp_path):
    async with an_observatory(tmp_path, []) as (_, domain):
        group = await a_group(domain, DOME)
        async with asyncio.timeout(5):
            with pytest.raises(GroupTransitionError, match=r"ATDome is not alive.*Start it"):
                await group.drive({DOME: ENABLED}, 1)


async def test_a_component_that_goes_offline_may_fall_silent(tmp_path):
    async with an_observatory(tmp_path, [SimATDome]) as (cscs, domain):
        group = await a_group(domain, DOME)
        reached = await group.drive({DOME: Target(S.OFFLINE)}, 10)
        assert reached == {DOME: [S.STANDBY, S.OFFLINE]}
        await cscs[0].done_task
        assert await group.drive({DOME: Target(S.OFFLINE)}, 10) == {DOME: [S.OFFLINE]}


async def test_the_camera_comes_online_only_if_it_was_released(tmp_path):
    async with an_observatory(tmp_path, [SimATCamera]) as (cscs, domain):
        group = await a_group(domain, CAMERA)
        reached = await group.drive({CAMERA: ENABLED}, 10)
        assert reached[CAMERA] == [S.OFFLINE, S.STANDBY, S.DISABLED, S.ENABLED]
    async with an_observatory(tmp_path, [SimATCamera], "camera_publish_only") as (cscs, domain):
        group = await a_group(domain, CAMERA)
        with pytest.raises(GroupTransitionError, match=r"PUBLISH_ONLY.*setAvailable"):
            await group.drive({CAMERA: ENABLED}, 10)
        assert cscs[0].summary_state == salobj.State.OFFLINE


async def test_the_state_alone_is_enough_if_the_acknowledgement_is_lost(tmp_path):
    class Unanswering(SimScheduler):
        async def do_enable(self, data) -> None:
            await super().do_enable(data)
            await self.for_ever()

    async with an_observatory(tmp_path, [Unanswering]) as (_, domain):
        group = await a_group(domain, SCHEDULER)
        wanted = Target(S.ENABLED, "auxtel_fbs_image_photocal")
        reached = await group.drive({SCHEDULER: wanted}, 2)
        assert reached == {SCHEDULER: [S.STANDBY, S.DISABLED, S.ENABLED]}


async def test_a_component_that_answers_nothing_is_named_with_how_long_was_waited(tmp_path):
    class Stuck(SimScheduler):
        async def do_enable(self, data) -> None:
            await self.for_ever()

    async with an_observatory(tmp_path, [Stuck]) as (_, domain):
        group = await a_group(domain, SCHEDULER)
        wanted = Target(S.ENABLED, "auxtel_fbs_image_photocal")
        with pytest.raises(GroupTransitionError) as error:
            await group.drive({SCHEDULER: wanted}, 1)
        assert "Scheduler:2 did not answer command enable within 1 s" in str(error.value)
        assert "Last seen: Scheduler:2 DISABLED" in str(error.value)


async def test_an_acknowledgement_alone_is_not_believed(tmp_path):
    class Boastful(SimScheduler):
        async def do_enable(self, data) -> None:
            return

    async with an_observatory(tmp_path, [Boastful]) as (_, domain):
        group = await a_group(domain, SCHEDULER)
        wanted = Target(S.ENABLED, "auxtel_fbs_image_photocal")
        with pytest.raises(GroupTransitionError, match="is done, but did not become ENABLED"):
            await group.drive({SCHEDULER: wanted}, 10)


async def test_a_drive_that_is_cancelled_leaves_no_task(tmp_path):
    async with an_observatory(tmp_path, [SimATDome]) as (_, domain):
        group = await a_group(domain, DOME)
        before = asyncio.all_tasks()
        task = asyncio.create_task(group.drive({DOME: ENABLED}, 10))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert {task for task in asyncio.all_tasks() - before if not task.done()} == set()


async def test_the_instances_that_are_running_are_found_by_their_heartbeats(tmp_path):
    def second(config):
        return SimScheduler(config, index=7)

    async with an_observatory(tmp_path, [SimScheduler, second]) as (_, domain):
        finder = InstanceFinder(domain, ComponentName("Scheduler"))
        assert await finder.find() == [ComponentName("Scheduler", 2), ComponentName("Scheduler", 7)]
        assert await InstanceFinder.is_indexed(domain, "Scheduler") is True
        assert await InstanceFinder.is_indexed(domain, "ATDome") is False
        assert await InstanceFinder.is_indexed(domain, "NoSuchComponent") is None
