# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two processes never carry out the same run."""

import os
import socket

import pytest

from lsst.ts.dailycal.journal.owner import LockOwner
from lsst.ts.dailycal.model import JournalError, RunBusyError
from lsst.ts.dailycal.run import run_lock


def test_a_second_owner_is_refused_and_told_who_is_the_first(tmp_path):
    journal = tmp_path / "20261123T120000-200001.jsonl"
    with run_lock(journal), pytest.raises(RunBusyError) as caught:
        run_lock(journal).acquire()
    text = str(caught.value)
    assert "20261123T120000-200001" in text
    assert f"process {os.getpid()}" in text
    assert socket.gethostname() in text
    assert "since 20" in text
    assert "stop it" in text


def test_a_lock_that_was_released_can_be_taken_and_leaves_no_file(tmp_path):
    journal = tmp_path / "run.jsonl"
    for _ in range(3):
        with run_lock(journal) as lock:
            assert lock.path.exists()
    assert list(tmp_path.iterdir()) == []


def test_taking_and_releasing_twice_is_harmless(tmp_path):
    lock = run_lock(tmp_path / "run.jsonl")
    lock.acquire()
    lock.acquire()
    lock.release()
    lock.release()
    with run_lock(tmp_path / "run.jsonl"):
        pass


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path):
    journal = tmp_path / "run.jsonl"
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        run_lock(journal).acquire()
        os.write(write, b"x")
        os.kill(os.getpid(), 9)
    assert os.read(read, 1) == b"x"
    os.waitpid(child, 0)
    os.close(read)
    os.close(write)
    assert f'"pid": {child}' in journal.with_suffix(".lock").read_text()
    with run_lock(journal):
        assert f'"pid": {os.getpid()}' in journal.with_suffix(".lock").read_text()


def test_a_lock_file_that_was_removed_by_hand_is_made_again(tmp_path):
    journal = tmp_path / "run.jsonl"
    first = run_lock(journal)
    first.acquire()
    first.path.unlink()
    second = run_lock(journal)
    second.acquire()
    with pytest.raises(RunBusyError):
        run_lock(journal).acquire()
    second.release()


def test_a_directory_that_cannot_be_made_is_told_with_what_to_do(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="DAILYCAL_JOURNAL_DIR"):
        run_lock(tmp_path / "file" / "run.jsonl").acquire()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}', "null", "\x00\xff"])
def test_an_owner_who_cannot_be_read_is_nobody(text):
    assert LockOwner.parse(text) is None


def test_an_owner_survives_the_way_through_the_file():
    owner = LockOwner.here("bias-dark")
    assert LockOwner.parse(owner.to_json()) == owner
