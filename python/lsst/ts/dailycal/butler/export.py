# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A combined calibration of a repository as a file outside of it."""

from __future__ import annotations

__all__ = ["CalibrationNotFoundError", "export_calibration", "load_calibration"]

import os
import shutil
from typing import TYPE_CHECKING

from ..model.detector import DETECTOR_ID, INSTRUMENT
from .repository import open_repository

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lsst.daf.butler import Butler, DatasetRef

    from ..pipelines.image import CalibImage


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
    with open_repository(repo) as butler:
        reference = _find(butler, repo, dataset_type, collection, moment)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with butler.getURI(reference).as_local() as local:
                shutil.copyfile(local.ospath, temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        return str(reference.run)


def load_calibration(
    repo: str | Path, dataset_type: str, collection: str, moments: Iterable[str]
) -> tuple[CalibImage, str, str]:
    """Read the one combined calibration that is valid at several times.

    Parameters
    ----------
    repo, dataset_type, collection
        As for `export_calibration`.
    moments : iterable of `str`
        When it is to be valid, ISO 8601, TAI; one at least.

    Returns
    -------
    image : `CalibImage`
        The calibration.
    run : `str`
        The RUN collection that it is from.
    identifier : `str`
        Its id in the repository.

    Raises
    ------
    CalibrationNotFoundError
        If there is none, or not the same at all times.
    """
    with open_repository(repo) as butler:
        found = {m: _find(butler, repo, dataset_type, collection, m) for m in moments}
        references = {reference.id: reference for reference in found.values()}
        if len(references) > 1:
            raise CalibrationNotFoundError(
                f"no single {dataset_type} is valid in {collection} of {repo} from {min(found)} "
                f"to {max(found)} TAI: there are {len(references)}"
            )
        ((identifier, reference),) = references.items()
        return butler.get(reference), str(reference.run), str(identifier)


def _find(
    butler: Butler, repo: str | Path, dataset_type: str, collection: str, moment: str
) -> DatasetRef:
    from astropy.time import Time
    from lsst.daf.butler import MissingCollectionError, MissingDatasetTypeError, Timespan

    try:
        reference = butler.find_dataset(
            dataset_type,
            instrument=INSTRUMENT,
            detector=DETECTOR_ID,
            collections=collection,
            timespan=Timespan.fromInstant(Time(moment, scale="tai")),
        )
    except MissingDatasetTypeError as error:
        raise CalibrationNotFoundError(f"the repository {repo} has no {dataset_type}") from error
    except MissingCollectionError as error:
        raise CalibrationNotFoundError(f"the repository {repo} has no {collection}") from error
    if reference is None:
        raise CalibrationNotFoundError(
            f"no {dataset_type} is valid in {collection} of {repo} at {moment} TAI"
        )
    return reference
