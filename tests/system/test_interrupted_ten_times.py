# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A page that is interrupted ten times, each time gone on with by the one command it prints.

From nothing to the end: the repository is not there, and each command that is typed is
interrupted in its turn at the next moment. No frame is taken twice, and the last one ends well.
"""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import threading
import time

import pytest
from page_kit import PROGRAM, images

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(2400)]

MOMENTS: tuple[str | int, ...] = (
    0,  # the first second
    "Making the repository",
    "Taking 40 frames",
    "Combining",
    "Starting the components",
    "enable-latiss: Enable LATISS",
    5,
    30,
    44,  # the last are being verified
    "standby-latiss: Leave LATISS",
)
"""What the output says before a signal is sent, or how many raw files there are: 21 are biases."""
_ADVICE = re.compile(r"(?:To go on|Go on with|Again): +(dailycal .*)$")
DEADLINE = 600.0
"""How long a command may take, in seconds, on a machine that has other things to do."""


class Typed:
    """A command as it is typed at a shell, with all that it prints."""

    def __init__(self, text: str) -> None:
        words = shlex.split(text)
        assert words[0] == "dailycal"
        self.text = text
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [*PROGRAM, *words[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env={**os.environ, "NO_COLOR": "1"},
            start_new_session=True,
        )  # fmt: skip
        self._timer = threading.Timer(DEADLINE, self._process.kill)
        self._timer.daemon = True  # a test that fails does not wait for it
        self._timer.start()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def interrupt(self, moment: str | int, directory: pathlib.Path) -> int:
        """Send SIGINT once the output says something, or files are there; return the exit code."""
        if moment == 0:
            time.sleep(1.0)
        while not self._has_come(moment, directory):
            assert self._process.poll() is None, "\n".join([self.text, *self.lines])
            time.sleep(0.02)
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def _has_come(self, moment: str | int, directory: pathlib.Path) -> bool:
        if isinstance(moment, int):
            return len(images(directory)) >= moment
        return any(moment in line for line in list(self.lines))

    def end(self) -> int:
        """Wait for the end, and return the exit code."""
        self._reader.join()
        self._timer.cancel()
        return self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip())

    @property
    def advice(self) -> str:
        """The one command that is printed."""
        found = {match[1] for line in self.lines if (match := _ADVICE.search(line))}
        assert len(found) == 1, f"{self.text}: {found}\n" + "\n".join(self.lines)
        return found.pop()


def test_each_interruption_prints_the_one_command_that_goes_on_and_nothing_is_retaken(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    directory = tmp_path / "run"
    command = f"dailycal run --small --directory {shlex.quote(str(directory))}"
    taken: set[str] = set()
    for moment in MOMENTS:
        typed = Typed(command)
        code = typed.interrupt(moment, directory)
        assert code == 130, "\n".join([str(moment), typed.text, *typed.lines])
        assert not any("Traceback" in line for line in typed.lines), "\n".join(typed.lines)
        assert taken <= images(directory), "frames are gone"
        taken = images(directory)
        command = typed.advice
    last = Typed(command)
    assert last.end() == 0, "\n".join([last.text, *last.lines])
    assert "All steps are done." in last.lines
    assert len(images(directory)) == 44
