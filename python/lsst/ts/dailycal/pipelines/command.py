# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command that runs a pipeline, and the environment it needs."""

from __future__ import annotations

__all__ = ["pipeline_environment", "pipetask_argv"]

import shlex
import sys
from pathlib import Path

_GIGABYTE = str(2**30)
_DATA = Path(__file__).parent / "data"


def pipeline_environment() -> dict[str, str]:
    """Give the environment variables that the pipelines in requests refer to.

    Returns
    -------
    environment : `dict` [`str`, `str`]
        CP_PIPE_DIR and CP_VERIFY_DIR, to be added to the environment of ``pipetask``; what keeps
        the numerical libraries from starting threads beside ours; and what makes the allocator
        keep the memory of one frame for the next, which halves the time in the kernel.
    """
    return {
        "CP_PIPE_DIR": str(_DATA / "cp_pipe"),
        "CP_VERIFY_DIR": str(_DATA / "cp_verify"),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_MMAP_THRESHOLD_": _GIGABYTE,
        "MALLOC_TRIM_THRESHOLD_": _GIGABYTE,
    }


def pipetask_argv(
    repo: str | Path,
    *,
    pipeline: str,
    config: str,
    data_query: str,
    output: str,
    input_collection: str = "LATISS/raw/all",
    most_processes: int | None = 1,
) -> list[str]:
    """Give the arguments that run a pipeline as the observatory's OCPS does.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    pipeline, config, data_query : `str`
        Fields of the execute command. The options in ``config`` are split as a shell would,
        but no shell is run.
    output : `str`
        Output collection, ``u/ocps/<job>``; is made, as a chain on ``<output>/run``.
    input_collection : `str`
        Raw frames.
    most_processes : `int` or `None`
        Overrides the number of processes in ``config``. Each process costs the start of an
        interpreter, two seconds, and a quantum takes less; the numerics have threads.
        None leaves the request as it is.

    Returns
    -------
    argv : `list` of `str`
        For ``create_subprocess_exec``. The program is the ``pipetask`` beside this Python, or
        the first on the path.

    Raises
    ------
    ValueError
        If ``config`` has a quotation mark without its fellow.
    """
    beside = Path(sys.executable).parent / "pipetask"
    argv = [str(beside) if beside.exists() else "pipetask", "--log-level", "INFO", "run"]
    argv += ["-b", str(repo), "-p", pipeline, "-i", input_collection, *shlex.split(config)]
    if most_processes is not None:
        argv += ["-j", str(most_processes)]
    return [*argv, "-o", output, "--output-run", f"{output}/run", "-d", data_query]
