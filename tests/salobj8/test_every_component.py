# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fake component starts on salobj 8 and answers every command of XML 28."""

import pytest
from salobj8_bench import commands_of, running
from salobj8_cscs import BaseCsc, State

from lsst.ts.dailycal.sim.programs import ATCS, PROGRAMS

TRANSITIONS = ("enterControl", "start", "enable", "disable", "standby", "exitControl")
NEW = {
    "ATCamera": {"alert", "generic"},
    "Scheduler": {
        "addBlock",
        "computePredictedSchedule",
        "flush",
        "getBlockStatus",
        "removeBlock",
        "reschedule",
        "updateObservatoryStatus",
        "validateBlock",
    },
    "Watcher": {"makeLogEntry"},
}
"""Commands that came after XML 10.1, and that nothing here simulates."""


WITHOUT_REPOSITORY = [name for name in PROGRAMS if name != "ATOODS"]


async def go_through_states(name, config):
    async with running(name, config) as bench:
        await bench.enable()
        assert await bench.send("disable") == ""
        assert await bench.send("standby") == ""
        assert "not allowed" in await bench.send("enable")
        states = [State(message.summaryState) for message in bench.written("evt_summaryState")]
        assert states[-4:] == [State.DISABLED, State.ENABLED, State.DISABLED, State.STANDBY]
        assert await bench.send("exitControl") == ""
        assert bench.written("evt_summaryState")[-1].summaryState == State.OFFLINE


async def answer_every_command(name, config):
    async with running(name, config) as bench:
        await bench.enable()
        refusals = {
            command: await bench.send(command)
            for command in commands_of(bench.name)
            if command not in TRANSITIONS and command != "abort"
        }
        refused = {name for name, text in refusals.items() if "does not simulate" in text}
        assert refused == NEW.get(bench.name, set())
        assert all(bench.csc.component in refusals[command] for command in refused)


@pytest.mark.parametrize("name", WITHOUT_REPOSITORY)
async def test_a_component_starts_and_goes_through_its_states_by_commands(name, make_config):
    await go_through_states(name, make_config())


async def test_oods_starts_and_goes_through_its_states_by_commands(with_repository):
    await go_through_states("ATOODS", with_repository)


@pytest.mark.parametrize("name", WITHOUT_REPOSITORY)
async def test_every_command_is_answered_in_words(name, make_config):
    # No pipeline has work to do here, and each would take ten seconds to say so.
    await answer_every_command(name, make_config(*(["job_error"] if name == "OCPS:1" else [])))


async def test_every_command_of_oods_is_answered_in_words(with_repository):
    await answer_every_command("ATOODS", with_repository)


async def test_what_a_command_lacks_a_method_for_is_an_error_of_the_class(make_config):
    class Bare(BaseCsc):
        version, valid_simulation_modes = "1", (0,)

    with pytest.raises(TypeError, match="takeImages"):
        Bare("ATCamera")


@pytest.mark.parametrize("name", [name for name in ATCS if name != "ATPtg"])
async def test_all_of_the_telescope_that_xml_28_configures_takes_a_configuration(name, make_config):
    async with running(name, make_config()) as bench:
        assert "configurationsAvailable" in bench.csc.salinfo.event_names
        assert bench.written("evt_configurationsAvailable")[-1].overrides == "current.yaml"
        assert await bench.send("start", configurationOverride="current.yaml") == ""
        assert bench.csc.settings.note == "simulated"


async def test_defaults_of_a_schema_are_applied_though_salobj_applies_none(make_config, tmp_path):
    (tmp_path / "_init.yaml").write_text("instance: LATISS\n")
    async with running("OCPS:1", make_config(), config_dir=tmp_path) as bench:
        assert await bench.send("start") == ""
        assert bench.csc.settings.input_collection == "LATISS/raw/all"
        assert bench.csc.settings.final_ack_first is False


async def test_an_override_is_the_name_of_a_file(make_config):
    async with running("OCPS:1", make_config()) as bench:
        assert "no name of a file" in await bench.send("start", configurationOverride="LATISS")
        assert await bench.send("start", configurationOverride="final_ack_first.yaml") == ""
        assert bench.csc.settings.final_ack_first is True


async def test_the_scheduler_names_the_configurations_that_it_knows(make_config):
    async with running("Scheduler:2", make_config()) as bench:
        refusal = await bench.send("start", configurationOverride="nonsense.yaml")
        assert "auxtel_fbs_image_photocal.yaml" in refusal
        assert "_init.yaml" not in refusal


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("in_fault@ATSpectrograph", State.FAULT),
        ("transition_fault@ATSpectrograph/start", State.FAULT),
        ("transition_refused@ATSpectrograph/start", State.STANDBY),
    ],
)
async def test_faults_of_transitions_strike(fault, state, make_config):
    async with running("ATSpectrograph", make_config(fault)) as bench:
        if "in_fault" not in fault:
            assert "simulated fault" in await bench.send("start")
        assert bench.csc.summary_state is state
        if state is State.FAULT:
            assert "simulated fault" in bench.written("evt_errorCode")[-1].errorReport


async def test_the_refusal_of_an_override_names_the_files_that_the_component_announced(make_config):
    from lsst.ts.dailycal.model import ComponentName
    from lsst.ts.dailycal.sal.group.components import GroupTransitionError, SalGroup
    from lsst.ts.dailycal.sal.group.paths import SummaryState, Target

    async with running("OCPS:1", make_config()) as bench:
        domain, ocps = bench.remote.salinfo.domain, ComponentName("OCPS", 1)
        group = SalGroup(domain, [ocps])
        await group.start()
        target = Target(SummaryState.ENABLED, "LATISS")  # as on salobj 6.9
        with pytest.raises(GroupTransitionError, match="refused command start") as error:
            await group.drive({ocps: target}, 10)
        assert "knows: LATISS.yaml, final_ack_first.yaml" in error.value.failures[0].remedy
        await group.drive({ocps: Target(SummaryState.ENABLED, "LATISS.yaml")}, 10)
        assert bench.csc.summary_state is State.ENABLED
