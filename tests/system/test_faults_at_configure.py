# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused before a shutter moves, through real processes."""

import asyncio

import psutil
import pytest
from fault_rig import QUICK, SCRIPT, observatory
from socket_table import sockets

from lsst.ts import salobj
from lsst.ts.dailycal.forking import script_environment
from lsst.ts.dailycal.sim.programs import LATISS

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("scripts_end"),
]

FAULTS = ["leaves_enabled@ATHeaderService", "heartbeat_lost@ATOODS"]
INDEX = 299_001
BAD = [
    ("script_mode: NO", "script_mode"),
    ("{}", "script_mode must be given"),
    ("- script_mode", "`name: value` lines, not a list"),
    ("[" * 3000, "is not YAML"),
    ("script_mode: [", "is not YAML"),
    ("script_mode: BIAS_DARK_FLAT", "flats need the white light source"),
    ("{script_mode: BIAS_DARK, n_bias: 3, n_dark: 3}", "exp_times_dark has 23 entries"),
    ("{script_mode: BIAS, calib_collection: '../x'}", "not the name of a Butler collection"),
    ("{script_mode: BIAS, config_options_bias: '; reboot'}", "pipetask options"),
    ("{script_mode: BIAS, program: 'a, imageType: DARK'}", "would corrupt the headers"),
    ("{script_mode: BIAS, wait_between_exposures: .nan}", "wait_between_exposures"),
    ("{script_mode: BIAS, resume: '../../etc/passwd'}", "resume"),
    ("{script_mode: BIAS, resume: no-such-run}", "There is no journal"),
    ("{script_mode: BIAS, nbias: 3}", "is n_bias meant?"),
    ('{script_mode: BIAS, note: "\\e[2J"}', "printable ASCII"),
]


@pytest.fixture(scope="module")
def rig(tmp_path_factory, template):
    groups = (("ATOODS",), tuple(name for name in LATISS if name != "ATOODS"))
    directory = tmp_path_factory.mktemp("configure")
    with observatory(directory, template, *FAULTS, groups=groups) as rig:
        yield rig


@pytest.mark.prevents("D21")
async def test_all_that_is_not_ready_is_said_at_once_and_nothing_moves(rig):
    await asyncio.sleep(3.0)  # until a heartbeat that is not there is missed
    result = await rig.run(QUICK)
    assert result.exit_code == 1
    for text in ("ATHeaderService", "ATOODS", "heartbeat"):
        assert text in result.text, result.text
    rig.check_struck(*FAULTS)
    assert not rig.raw_files()
    assert not list(rig.journals.glob("*")), "a run was begun"


@pytest.mark.prevents("D8", "D9", "D25")
async def test_bad_configurations_are_refused_one_after_the_other_by_one_script(rig):
    """The script stays UNCONFIGURED, so the next one can be tried."""
    said: list[str] = []
    async with salobj.Domain() as domain:
        process = await _start_script(INDEX)
        try:
            remote = salobj.Remote(domain, "Script", INDEX, include=["state", "logMessage"])
            remote.evt_logMessage.callback = lambda message: said.append(message.message)
            await remote.start_task
            await remote.evt_state.next(flush=False, timeout=60)
            for text, reason in BAD:
                before = len(said)
                with pytest.raises(salobj.AckError) as caught:
                    await remote.cmd_configure.set_start(config=text, timeout=20)
                await asyncio.sleep(0.2)
                told = caught.value.ackcmd.result + " ".join(said[before:])
                assert reason in told, f"{text[:80]}: {told}"
            assert remote.evt_state.get().state == 1, "UNCONFIGURED"
        finally:
            process.kill()
            await process.wait()
    assert not rig.raw_files()


async def _start_script(index):
    return await asyncio.create_subprocess_exec(
        str(SCRIPT), str(index), env=script_environment(SCRIPT),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


def test_no_process_of_the_observatory_can_be_reached_from_another_machine(rig):
    """A socket of any address may be tied to the loopback device instead."""
    pids = {item.pid for item in rig.observatory.processes}
    pids |= {item.pid for item in psutil.Process().children(recursive=True)}
    found = sockets(pids)
    assert {item.pid for item in found} >= {item.pid for item in rig.observatory.processes}
    assert [item for item in found if not item.is_local] == []
