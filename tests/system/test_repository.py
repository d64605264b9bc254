# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Butler repository after what may happen to it."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from lsst.ts.dailycal.butler.ingest import count_raws
from lsst.ts.dailycal.butler.port import ButlerRepository
from lsst.ts.dailycal.butler.repository import create_repository
from lsst.ts.dailycal.model import Certification, CertificationError, StatisticsError, Validity

# A cache of one page makes SQLite write into the database before the end of the transaction.
KILLED_WRITER = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size = 1")
database.execute("BEGIN IMMEDIATE")
database.execute("CREATE TABLE half_written (text)")
database.executemany("INSERT INTO half_written VALUES (?)", [("x" * 999,)] * 999)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_repository_can_be_read_after_a_writer_was_killed(tmp_path):
    repository = tmp_path / "repo"
    create_repository(repository)
    database = repository / "gen3.sqlite3"
    killed = subprocess.run([sys.executable, "-c", KILLED_WRITER, str(database)], check=False)
    assert killed.returncode == -signal.SIGKILL
    journal = database.with_name("gen3.sqlite3-journal")
    assert journal.stat().st_size > 0
    assert count_raws(repository) == 0
    assert not journal.exists()


@pytest.mark.prevents("D13")
async def test_d13_a_repository_that_hangs_holds_up_nobody_but_its_reader(tmp_path):
    """Its configuration is a pipe that nobody writes to: whoever opens it waits in the kernel."""
    pipe = tmp_path / "butler.yaml"
    os.mkfifo(pipe)
    repository = ButlerRepository(str(tmp_path))
    reading = asyncio.create_task(repository.read_statistics("u/ocps/0f8d", "verifyBiasStats", 3.0))
    beats = 0
    while not reading.done():
        await asyncio.sleep(0.1)
        beats += 1
    with pytest.raises(StatisticsError, match="within 3 s"):
        await reading
    assert beats > 1, "no heartbeat in the meantime"
    # The thread that hangs goes on when somebody has written, and ends.
    pipe.open("w").close()


@pytest.mark.prevents("D14")
async def test_d14_what_the_command_that_certifies_says_reaches_the_observer(tmp_path):
    await asyncio.to_thread(create_repository, tmp_path / "repo")
    nothing = Certification(
        "bias",
        "u/ocps/nothing; touch $HOME here",
        "LATISS/calib/daily",
        Validity("2026-11-23T12:00:00", "2026-11-24T12:00:00"),
    )
    with pytest.raises(CertificationError, match="exit code 1") as caught:
        await ButlerRepository(str(tmp_path / "repo")).certify(nothing, 60.0)
    assert nothing.input_collection in caught.value.last_seen
