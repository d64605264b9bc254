# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PostgreSQL server that is restarted, stopped or hangs while the script of a run needs it."""

import contextlib
import re
import signal

import pytest
from fault_rig import QUICK, observatory

from lsst.ts import salobj
from lsst.ts.dailycal.model import ImageIngested, ImageLost, JobFinished
from lsst.ts.dailycal.testing.observatory import off_the_loop

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(580),
    pytest.mark.usefixtures("scripts_end"),
]

BIASES = {**QUICK, "script_mode": "BIAS"}
IMAGES = 4
VERIFIED_ONLY = {**BIASES, "generate_calibrations": False}
LOADED = 240.0
"""How long two jobs may take on a loaded machine, in seconds."""


@pytest.fixture(scope="module")
def copied(postgres_repository, tmp_path_factory):
    copied = postgres_repository.copy(tmp_path_factory.mktemp("database-run") / "run" / "repo")
    yield copied
    copied.server.thaw()
    copied.drop()


@pytest.fixture(scope="module")
def rig(copied):
    with observatory(copied.path.parents[1], None) as rig:
        yield rig


@contextlib.contextmanager
def stopped(server, number=signal.SIGINT):
    server.stop(number)
    try:
        yield
    finally:
        server.start()


@contextlib.contextmanager
def frozen(server):
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


async def pauses(script) -> None:
    """Wait until a script has paused at its checkpoint."""
    if not await script.until_state("PAUSED"):
        pytest.fail(f"it ended before: {(await script.end()).text}")


async def go_on(script) -> None:
    """Let a script that has paused at a checkpoint go on."""
    async with (
        salobj.Domain() as domain,
        salobj.Remote(domain, "Script", script.index, include=[]) as remote,
    ):
        await remote.cmd_resume.start(timeout=60.0)


def check_sentences(result, server) -> None:
    """Make sure that a failure is told in sentences, without statements of SQL and secrets."""
    assert (result.exit_code, result.state) == (1, "FAILED"), result.text
    assert "resume: " in result.reason
    assert "\n" not in result.reason
    assert "SELECT" not in result.reason
    assert server.password not in result.text


async def test_a_server_that_is_restarted_between_exposures_costs_a_frame_at_most(rig, copied):
    script = rig.start(VERIFIED_ONLY, pause="BIAS 3/4")
    await pauses(script)
    assert await script.until(lambda: len(rig.events(ImageIngested)) >= 2)
    async with off_the_loop(stopped(copied.server)):
        pass
    await go_on(script)
    result = await script.end()
    assert (result.exit_code, result.state) == (0, "DONE"), result.text
    lost = rig.events(ImageLost)
    assert len(lost) <= 1
    rig.check_accounts(exposures=IMAGES + len(lost))
    assert rig.statuses() == ["verified"]


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        pytest.param(
            stopped,
            "could not ingest .* connection to server .* failed",
            id="stopped",
            marks=pytest.mark.slow,
        ),
        pytest.param(frozen, "did not reach the Butler within 5 s", id="frozen"),
    ],
)
async def test_frames_that_cannot_be_ingested_are_told_with_the_reason_and_taken_by_resume(
    rig, copied, trouble, says
):
    config = {**VERIFIED_ONLY, "max_attempts": 1, "oods_timeout": 5}
    script = rig.start(config, pause="BIAS 2/4")
    await pauses(script)
    assert await script.until(lambda: rig.events(ImageIngested))
    async with off_the_loop(trouble(copied.server)):
        await go_on(script)
        result = await script.end()
    check_sentences(result, copied.server)
    assert re.search(says, result.reason), result.text
    assert rig.statuses() == ["not attempted"]
    again = await rig.resume(VERIFIED_ONLY)
    assert (again.exit_code, again.state) == (0, "DONE"), again.text
    assert rig.statuses() == ["verified"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        pytest.param(
            lambda server: stopped(server, signal.SIGQUIT),
            "connection to server|server closed the connection|exit code 1",
            id="crashed",
        ),
        pytest.param(frozen, "within 60 s", id="frozen"),
    ],
)
async def test_a_server_in_trouble_before_certification_fails_the_run_and_resume_finishes_it(
    rig, copied, trouble, says, request
):
    collection = f"LATISS/calib/{request.node.callspec.id}"
    config = {**BIASES, "calib_collection": collection}
    script = rig.start(config)

    def is_verified() -> bool:
        jobs = rig.events(JobFinished) if script.has_journal() else []
        return any(str(event.key) == "verify BIAS" for event in jobs)

    assert await script.until(is_verified, LOADED)
    async with off_the_loop(trouble(copied.server)):
        result = await script.end()
    check_sentences(result, copied.server)
    assert re.search(says, result.reason), result.text
    assert (await rig.certifications(collection))["bias"] == 0
    again = await rig.resume(config)
    assert (again.exit_code, again.state) == (0, "DONE"), again.text
    rig.check_accounts(exposures=IMAGES)
    assert rig.statuses() == ["certified"]
    assert (await rig.certifications(collection))["bias"] == 1
