# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A combined calibration of a repository as a file outside of it."""

from __future__ import annotations

__all__ = ["CalibrationNotFoundError", "export_calibration"]

import os
import shutil
from typing import TYPE_CHECKING

from ..model.detector import DETECTOR_ID, INSTRUMENT
from .repository import open_repository

if TYPE_CHECKING:
    from pathlib import Path


class CalibrationNotFoundError(LookupError):
    """No calibration of the kind asked for is valid at that time."""


def export_calibration(
    repo: str | Path, dataset_type: str, collection: str, moment: str, path: Path
) -> str:
    """Copy the file of a combined calibration as it is.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    dataset_type : `str`
        bias or dark.
    collection : `str`
        Where to look: a collection of any type, ``LATISS/calib`` or the output of a job.
    moment : `str`
        When it is to be valid, ISO 8601, TAI; without meaning for the output of a job.
    path : `pathlib.Path`
        The file to write.

    Returns
    -------
    run : `str`
        The RUN collection that it is from.

    Raises
    ------
    CalibrationNotFoundError
        If there is none.
    ValueError
        If ``moment`` is no time.
    """
    from astropy.time import Time
    from lsst.daf.butler import MissingCollectionError, MissingDatasetTypeError, Timespan

    timespan = Timespan.fromInstant(Time(moment, scale="tai"))
    with open_repository(repo) as butler:
        try:
            reference = butler.find_dataset(
                dataset_type,
                instrument=INSTRUMENT,
                detector=DETECTOR_ID,
                collections=collection,
                timespan=timespan,
            )
        except (MissingCollectionError, MissingDatasetTypeError) as error:
            raise CalibrationNotFoundError(f"the repository {repo} has no {collection}") from error
        if reference is None:
            raise CalibrationNotFoundError(
                f"no {dataset_type} is valid in {collection} of {repo} at {moment} TAI"
            )
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with butler.getURI(reference).as_local() as local:
                shutil.copyfile(local.ospath, temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        return str(reference.run)
