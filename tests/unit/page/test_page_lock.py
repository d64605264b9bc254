# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of the page at a time."""

import multiprocessing
import os
import pathlib
import re
import signal
import threading

import pytest

from lsst.ts.dailycal.model import PageBusyError
from lsst.ts.dailycal.page import page_lock


def test_the_second_is_refused_with_the_owner_and_since_when(tmp_path):
    with page_lock(tmp_path).hold("bias-dark on ScriptQueue:2"):
        with pytest.raises(PageBusyError) as caught, page_lock(tmp_path).hold("another"):
            pytest.fail("held twice")
        text = str(caught.value)
        assert "bias-dark on ScriptQueue:2" in text
        assert f"process {os.getpid()}" in text
        assert re.search(r" UTC \(\d+(\.\d)? s ago\)", text)


def test_the_lock_is_free_after_its_owner(tmp_path):
    for _ in range(2):
        with page_lock(tmp_path).hold("bias-dark"):
            pass


def test_a_lock_whose_text_is_damaged_still_refuses(tmp_path):
    with page_lock(tmp_path).hold("bias-dark"):
        (tmp_path / "page.lock").write_text("{nonsense", encoding="utf-8")
        with pytest.raises(PageBusyError, match="Another run"), page_lock(tmp_path).hold("another"):
            pytest.fail("held twice")


def _hold_and_die(directory, ready):
    with page_lock(directory).hold("bias-dark"):
        ready.set()
        os.kill(os.getpid(), signal.SIGKILL)


def test_the_lock_of_a_process_that_was_killed_is_ignored(tmp_path):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_hold_and_die, args=(tmp_path, ready))
    process.start()
    assert ready.wait(10)
    process.join(10)
    assert process.exitcode == -signal.SIGKILL
    assert '"pid"' in (tmp_path / "page.lock").read_text(encoding="utf-8")
    with page_lock(tmp_path).hold("bias-dark"):
        pass


def _hang(monkeypatch, answers):
    for owner, name in ((os, "ftruncate"), (pathlib.Path, "unlink")):
        monkeypatch.setattr(owner, name, lambda *_, **__: answers.wait())


@pytest.fixture
def hang(monkeypatch):
    """Have the disk hang from now on."""
    answers = threading.Event()
    yield lambda: _hang(monkeypatch, answers)
    answers.set()


def test_whoever_has_finished_is_not_held_by_a_disk_that_hangs(tmp_path, hang):
    with page_lock(tmp_path).hold("bias-dark", timeout=0.1):
        hang()


def test_a_lock_on_a_disk_that_hangs_is_refused_with_what_to_do(tmp_path, hang):
    hang()
    with (
        pytest.raises(PageBusyError, match=r"page\.lock did not answer within 0\.1 s") as caught,
        page_lock(tmp_path).hold("bias-dark", timeout=0.1),
    ):
        pytest.fail("held, although nobody knows")
    assert "DAILYCAL_JOURNAL_DIR" in str(caught.value)
