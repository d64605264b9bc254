# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which raw images are in the Butler."""

from __future__ import annotations

__all__ = ["find_groups", "find_raws"]

from typing import TYPE_CHECKING

from ..model.detector import DETECTOR_ID, INSTRUMENT
from .collections import RAW
from .repository import open_repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def find_raws(repo: str | Path, exposure_ids: Iterable[int]) -> frozenset[int]:
    """Find the exposures whose raw images are in the repository.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    exposure_ids : iterable of `int`
        Which ones to look for.

    Returns
    -------
    found : `frozenset` of `int`
        Those that are there.
    """
    from lsst.daf.butler import MissingCollectionError, MissingDatasetTypeError

    found = []
    with open_repository(repo) as butler:
        for exposure_id in exposure_ids:
            try:
                ref = butler.find_dataset(
                    "raw",
                    instrument=INSTRUMENT,
                    detector=DETECTOR_ID,
                    exposure=exposure_id,
                    collections=RAW,
                )
            except (LookupError, MissingCollectionError, MissingDatasetTypeError):
                continue
            if ref is not None:
                found.append(exposure_id)
    return frozenset(found)


def find_groups(repo: str | Path, group_ids: Iterable[str]) -> Mapping[str, str]:
    """Find the raw images of groups.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    group_ids : iterable of `str`
        Which groups to look for.

    Returns
    -------
    found : mapping of `str` to `str`
        Name of the image of each group that has one; of several, the first.
    """
    wanted = sorted(set(group_ids))
    if not wanted:
        return {}
    with open_repository(repo) as butler:
        records = butler.query_dimension_records(
            "exposure",
            instrument=INSTRUMENT,
            where="group IN (wanted)",
            bind={"wanted": wanted},
            order_by="exposure",
            limit=None,
            explain=False,
        )
    there = find_raws(repo, [record.id for record in records])
    found: dict[str, str] = {}
    for record in records:
        if record.id in there:
            found.setdefault(record.group, record.obs_id)
    return found
