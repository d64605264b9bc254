# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reference calibrations: what external verification compares a day's frames with."""

from __future__ import annotations

__all__ = ["ReferenceError", "create_reference"]

from typing import TYPE_CHECKING

from ..forking import ForkError, ForkServer
from ..model.detector import DETECTOR_ID, INSTRUMENT
from ..pipelines.command import pipetask_argv
from ..pipelines.forked import pipeline_server
from .certify import certify_argv
from .collections import CALIB, reference_collection
from .repository import open_repository

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_BEGIN, _END = "2019-06-24", "2050-01-01"


class ReferenceError(RuntimeError):
    """Reference calibrations could not be made."""


def create_reference(
    repo: str | Path,
    biases: Sequence[int],
    darks: Sequence[int],
    *,
    day_obs: int,
    begin: str = _BEGIN,
    end: str = _END,
    timeout: float = 600.0,
) -> str:
    """Make a combined bias and dark of ingested frames and certify them as the reference.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    biases, darks : sequence of `int`
        Exposure ids of the frames.
    day_obs : `int`
        Day of the frames, YYYYMMDD; names the collections.
    begin, end : `str`
        Validity (TAI, ISO-8601). From the day on which the detector was mounted, by default.
    timeout : `float`
        Longest time that each step may take (second).

    Returns
    -------
    collection : `str`
        The CALIBRATION collection, which is now the first link of LATISS/calib.

    Raises
    ------
    ReferenceError
        If a step fails; with the last lines that it printed.
    """
    collection = reference_collection(day_obs)
    run = f"{INSTRUMENT}/calib/gen/{day_obs}"
    steps = (
        ("bias", "cpBias", biases, "--register-dataset-types"),
        ("dark", "cpDark", darks, f"-i {run}/bias --register-dataset-types"),
    )
    with pipeline_server() as programs:
        for dataset_type, pipeline, exposures, config in steps:
            ids = ", ".join(str(exposure) for exposure in exposures)
            query = (
                f"instrument='{INSTRUMENT}' AND detector IN ({DETECTOR_ID}) AND exposure IN ({ids})"
            )
            output = f"{run}/{dataset_type}"
            _call(
                programs,
                pipetask_argv(
                    repo,
                    pipeline="${CP_PIPE_DIR}/pipelines/LATISS/" + f"{pipeline}.yaml",
                    config=config,
                    data_query=query,
                    output=output,
                ),
                timeout,
            )
            argv = certify_argv(repo, output, collection, begin, end, dataset_type)
            _call(programs, argv, timeout)
    with open_repository(repo, writeable=True) as butler:
        butler.collections.prepend_chain(CALIB, collection)
    return collection


def _call(programs: ForkServer, argv: Sequence[str], timeout: float) -> None:
    try:
        code, output = programs.call(argv, timeout)
    except TimeoutError as error:
        raise ReferenceError(f"{argv[0]} took longer than {timeout} s") from error
    except ForkError as error:
        raise ReferenceError(f"{argv[0]} did not run: {error}") from error
    if code:
        last = "\n".join(output.splitlines()[-20:])
        raise ReferenceError(f"{argv[0]} ended with code {code}:\n{last}")
