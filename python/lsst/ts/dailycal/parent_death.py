# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tie a process to the one that started it: it does not outlive it, whatever happens.

Used as a program, it ties itself and becomes another program::

    python -m lsst.ts.dailycal.parent_death PARENT_PID PROGRAM ARGUMENT...

The kernel of Linux keeps this tie, also when the parent gets SIGKILL. On other systems there
is none, and a parent that is killed may leave children.
"""

__all__ = ["argv_tied_to_parent", "tie_to_parent"]

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def tie_to_parent(parent: int, ending: signal.Signals) -> None:
    """Have the kernel end this process when its parent is no more.

    Parameters
    ----------
    parent : `int`
        Process id that the parent must have; if it has ended already, so does this process.
    ending : `signal.Signals`
        The signal to be sent.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_PDEATHSIG, int(ending), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it ended before the tie was made
        os.kill(os.getpid(), ending)


def argv_tied_to_parent(argv: Sequence[str]) -> list[str]:
    """Give the arguments that start a program tied to this process.

    Parameters
    ----------
    argv : `~collections.abc.Sequence` [`str`]
        The program and its arguments.
    """
    # By path and isolated: as a module it would import packages that the program may not need.
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *argv]


def _main() -> None:
    tie_to_parent(int(sys.argv[1]), signal.SIGTERM)
    try:
        # An argument vector, given by the program that this one is tied to.
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606
    except OSError as error:
        sys.exit(f"{sys.argv[2]} cannot be started: {error.strerror}")


if __name__ == "__main__":
    _main()
