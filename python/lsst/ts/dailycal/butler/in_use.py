# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Combined calibrations, read from their files."""

from __future__ import annotations

__all__ = ["has_calibration", "read_calibration", "read_file_in_use"]

import functools
from typing import TYPE_CHECKING

from ..model.detector import DETECTOR_ID, INSTRUMENT
from ..pipelines.calib_facts import CalibrationFile, read_calibration_file
from .repository import open_repository

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lsst.daf.butler import Butler, DatasetId, DatasetRef, Timespan
    from lsst.resources import ResourcePath

    from ..model import CalibrationFacts


def read_calibration(
    repo: str | Path, collections: Sequence[str], dataset_type: str, moment: str, but_not: str
) -> CalibrationFacts | None:
    """Measure the first calibration that some collections have.

    Frames are held against the one in use, and later the new one is: it is measured once.
    Parameters are those of `read_file_in_use`.
    """
    with open_repository(repo) as butler:
        found = _find_first(butler, collections, dataset_type, moment, but_not)
        if found is None:
            return None
        return _measure(found.id, butler.getURI(found), dataset_type, found.run)


@functools.lru_cache(maxsize=8)
def _measure(_: DatasetId, uri: ResourcePath, dataset_type: str, run: str) -> CalibrationFacts:
    """Measure the file of a dataset, which nobody changes; another one has another id."""
    with uri.as_local() as local:
        return read_calibration_file(local.ospath, dataset_type).measure(dataset_type, run)


def read_file_in_use(
    repo: str | Path, collections: Sequence[str], dataset_type: str, moment: str, but_not: str
) -> tuple[str, CalibrationFile] | None:
    """Read the first calibration that some collections have.

    The file is read as FITS, so that a dataset written by afw needs no afw.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    collections : sequence of `str`
        Where to look, in order; those that do not exist are passed over.
    dataset_type : `str`
        bias or dark.
    moment : `str`
        When it is to be valid, if it is certified; else the last one before counts (TAI, ISO-8601).
    but_not : `str`
        RUN collection that is passed over; empty for none.

    Returns
    -------
    run, file : `str`, `CalibrationFile`
        Its RUN collection and its content; `None` if there is none.
    """
    with open_repository(repo) as butler:
        found = _find_first(butler, collections, dataset_type, moment, but_not)
        if found is None:
            return None
        with butler.getURI(found).as_local() as local:
            return found.run, read_calibration_file(local.ospath, dataset_type)


def has_calibration(
    repo: str | Path, collections: Sequence[str], dataset_type: str, moment: str
) -> bool:
    """Tell whether some collections have a calibration that is valid at a moment.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    collections : sequence of `str`
        Where to look; those that do not exist are passed over.
    dataset_type : `str`
        bias or dark.
    moment : `str`
        When it is to be valid (TAI, ISO-8601).
    """
    from astropy.time import Time
    from lsst.daf.butler import MissingCollectionError, MissingDatasetTypeError, Timespan

    timespan = Timespan.fromInstant(Time(moment, scale="tai"))
    with open_repository(repo) as butler:
        for name in collections:
            try:
                found = butler.find_dataset(
                    dataset_type,
                    instrument=INSTRUMENT,
                    detector=DETECTOR_ID,
                    collections=name,
                    timespan=timespan,
                )
            except (MissingCollectionError, MissingDatasetTypeError):
                continue
            if found is not None:
                return True
    return False


def _find_first(
    butler: Butler, collections: Sequence[str], dataset_type: str, moment: str, but_not: str
) -> DatasetRef | None:
    from astropy.time import Time
    from lsst.daf.butler import MissingCollectionError, MissingDatasetTypeError

    for name in collections:
        try:
            for child in butler.collections.query(name, flatten_chains=True):
                found = _find(butler, child, dataset_type, Time(moment, scale="tai"), but_not)
                if found is not None:
                    return found
        except (MissingCollectionError, MissingDatasetTypeError):
            continue
    return None


def _find(
    butler: Butler, collection: str, dataset_type: str, moment: object, but_not: str
) -> DatasetRef | None:
    from lsst.daf.butler import CollectionType

    if butler.collections.get_info(collection).type is not CollectionType.CALIBRATION:
        found = butler.find_dataset(
            dataset_type, instrument=INSTRUMENT, detector=DETECTOR_ID, collections=collection
        )
        return None if found is None or found.run == but_not else found
    begun = [
        (_begin(association.timespan), association.ref)
        for association in butler.registry.queryDatasetAssociations(
            dataset_type, collections=[collection], flattenChains=False
        )
        if association.timespan is not None
        and association.ref.run != but_not
        and association.ref.dataId["detector"] == DETECTOR_ID
        and (association.timespan.begin is None or association.timespan.begin <= moment)
    ]
    return max(begun, key=lambda item: item[0])[1] if begun else None


def _begin(timespan: Timespan) -> float:
    return float("-inf") if timespan.begin is None else float(timespan.begin.mjd)
