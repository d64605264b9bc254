# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The live page beside a run, in a process of its own: the run does not wait for its readers."""

__all__ = ["serving"]

import contextlib
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from ...parent_death import argv_tied_to_parent

_PROGRAM = "from lsst.ts.dailycal.cli.main import main; main()"
_START, _END = 30.0, 5.0  # seconds


@contextlib.contextmanager
def serving(directory: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Serve the runs of a directory for as long as something goes on.

    Whatever keeps the page from being served is told, and keeps nothing else from going on.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Directory of the journals; need not exist yet.
    tell : `~collections.abc.Callable`
        Is told the address, or what is wrong.
    """
    command = [sys.executable, "-c", _PROGRAM, "serve", "--directory", str(directory)]
    # In a session of its own: Ctrl-C is for the run, whose end the page is to show.
    with subprocess.Popen(
        argv_tied_to_parent(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        ready, _, _ = select.select([process.stdout], [], [], _START)
        line = process.stdout.readline().strip() if ready else "it does not start"
        # Nobody reads what else it says, and nothing is to wait for somebody who does.
        threading.Thread(target=process.stdout.read, name="live page", daemon=True).start()
        tell(f"Live page: {line}" if line.startswith("http") else f"No live page: {line}")
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                process.kill()
