# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Butler repository after what may happen to it."""

import signal
import subprocess
import sys

from lsst.ts.dailycal.butler.ingest import count_raws
from lsst.ts.dailycal.butler.repository import create_repository

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
