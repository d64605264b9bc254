# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading what verification wrote."""

from __future__ import annotations

__all__ = ["StatsNotFoundError", "has_dataset", "read_details", "read_run", "read_stats"]

from typing import TYPE_CHECKING, Any

from ..model.detector import DETECTOR_ID, INSTRUMENT
from .repository import open_repository

if TYPE_CHECKING:
    from pathlib import Path

    from lsst.daf.butler import Butler


class StatsNotFoundError(LookupError):
    """A collection has no statistics of the kind asked for."""


def read_run(
    repo: str | Path, collection: str, dataset_type: str, details_type: str
) -> tuple[dict[int | str, Any], dict[int, Any]]:
    """Read all that verification wrote of a run, opening the repository once.

    Parameters are those of `read_stats` and `read_details`, and so is what is returned and raised.
    """
    with open_repository(repo, collections=collection) as butler:
        stats = _read_stats(butler, repo, collection, dataset_type)
        return stats, _read_details(butler, collection, details_type)


def read_stats(repo: str | Path, collection: str, dataset_type: str) -> dict[int | str, Any]:
    """Read the statistics of a run.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    collection : `str`
        Output collection of the verification, ``u/ocps/<job>``.
    dataset_type : `str`
        verifyBiasStats or verifyDarkStats.

    Returns
    -------
    stats : `dict`
        By exposure id; and SUCCESS.

    Raises
    ------
    StatsNotFoundError
        If they are not there.
    """
    with open_repository(repo, collections=collection) as butler:
        return _read_stats(butler, repo, collection, dataset_type)


def _read_stats(
    butler: Butler, repo: str | Path, collection: str, dataset_type: str
) -> dict[int | str, Any]:
    from lsst.daf.butler import (
        DatasetNotFoundError,
        MissingCollectionError,
        MissingDatasetTypeError,
    )

    try:
        return dict(butler.get(dataset_type, instrument=INSTRUMENT))
    except (DatasetNotFoundError, MissingCollectionError, MissingDatasetTypeError) as error:
        raise StatsNotFoundError(
            f"there is no {dataset_type} in collection {collection} of {repo}: {error}"
        ) from error


def read_details(repo: str | Path, collection: str, dataset_type: str) -> dict[int, Any]:
    """Read what verification measured in each exposure.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    collection : `str`
        Output collection of the verification, ``u/ocps/<job>``.
    dataset_type : `str`
        verifyBiasDetStats or verifyDarkDetStats.

    Returns
    -------
    details : `dict`
        By exposure id; empty if there are none.
    """
    with open_repository(repo, collections=collection) as butler:
        return _read_details(butler, collection, dataset_type)


def _read_details(butler: Butler, collection: str, dataset_type: str) -> dict[int, Any]:
    from lsst.daf.butler import EmptyQueryResultError, MissingDatasetTypeError

    try:
        references = butler.query_datasets(
            dataset_type,
            collections=collection,
            instrument=INSTRUMENT,
            detector=DETECTOR_ID,
            limit=None,
            explain=False,
        )
    except (EmptyQueryResultError, MissingDatasetTypeError):
        return {}
    return {int(reference.dataId["exposure"]): butler.get(reference) for reference in references}


def has_dataset(repo: str | Path, collection: str, dataset_type: str) -> bool:
    """Say whether a collection has a dataset of the detector or of the run.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    collection : `str`
        A collection that is not a CALIBRATION collection.
    dataset_type : `str`
        Such as bias, or verifyBiasStats.

    Returns
    -------
    there : `bool`
        False also if collection or dataset type do not exist.
    """
    from lsst.daf.butler import MissingCollectionError, MissingDatasetTypeError

    with open_repository(repo) as butler:
        try:
            names = butler.get_dataset_type(dataset_type).dimensions.names
            data_id: dict[str, str | int] = {"instrument": INSTRUMENT}
            if "detector" in names:
                data_id["detector"] = DETECTOR_ID
            return butler.find_dataset(dataset_type, data_id, collections=collection) is not None
        except (MissingCollectionError, MissingDatasetTypeError):
            return False
