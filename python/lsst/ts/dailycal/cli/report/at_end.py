# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report at the end of a run that a command carried out."""

__all__ = ["REPORT_VARIABLE", "journals_since", "report_at_end"]

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

REPORT_VARIABLE = "DAILYCAL_REPORT"
"""Environment variable: ``no`` keeps commands from writing reports."""
DEADLINE = 180.0
"""How long a report may take, in seconds; one of full-size frames takes 10 on a quiet machine."""


def journals_since(directory: Path, begin: float) -> list[Path]:
    """List the journals of runs of the script that were written to, in the order of their names.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Where the journals are.
    begin : `float`
        Since when, in seconds since 1970 UTC.
    """
    return sorted(path for path in directory.glob("*.jsonl") if path.stat().st_mtime >= begin)


def report_at_end(journals: Iterable[Path], tell: Callable[[str, str], None]) -> None:
    """Write the reports of runs, each in a process of its own. Blocks for seconds.

    What came of the run has been said before; whatever happens here changes nothing of it.

    Parameters
    ----------
    journals : `~collections.abc.Iterable` [`~pathlib.Path`]
        Journals of the runs.
    tell : `~collections.abc.Callable`
        Is told the path of each report, or an empty text and why there is none.
    """
    if os.environ.get(REPORT_VARIABLE, "").lower() in ("no", "0", "false"):
        return
    for journal in journals:
        path, problem = _write(journal)
        tell(path, problem)


def _write(journal: Path) -> tuple[str, str]:
    program = "from lsst.ts.dailycal.cli.main import main; main()"
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, "report", str(journal)],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=DEADLINE,
        )
    except subprocess.TimeoutExpired:
        return "", f"it took longer than {DEADLINE:.0f} s"
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    last = lines[-1] if lines else f"exit code {done.returncode}"
    return (last, "") if done.returncode == 0 else ("", last)
