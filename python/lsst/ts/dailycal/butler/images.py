# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which raw images are in the Butler."""

from __future__ import annotations

__all__ = ["find_damaged", "find_groups", "find_raws", "raw_path"]

import contextlib
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from ..model.detector import DETECTOR_ID, INSTRUMENT
from .collections import RAW
from .repository import open_repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lsst.daf.butler import Butler, DatasetRef


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
    with open_repository(repo) as butler:
        refs = {exposure_id: _find_raw(butler, exposure_id) for exposure_id in exposure_ids}
    return frozenset(exposure_id for exposure_id, ref in refs.items() if ref is not None)


def find_damaged(repo: str | Path, exposure_ids: Iterable[int]) -> Mapping[int, str]:
    """Find the raw images that are in the repository and cannot be read.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    exposure_ids : iterable of `int`
        Which ones to look at.

    Returns
    -------
    damaged : mapping of `int` to `str`
        What is wrong with each of them.
    """
    import warnings

    damaged = {}
    with open_repository(repo) as butler, warnings.catch_warnings():
        # A file that is no FITS brings a warning a line, which say less than the error does.
        warnings.simplefilter("ignore")
        for exposure_id in exposure_ids:
            ref = _find_raw(butler, exposure_id)
            if ref is None:
                continue
            try:
                butler.get(ref)
            except Exception as error:  # noqa: BLE001 - whatever the formatter raises: it is damaged
                damaged[exposure_id] = _what_is_wrong(error)
    return damaged


def _what_is_wrong(error: BaseException) -> str:
    """Say what is wrong with a file in the words of whoever read it.

    The Butler puts the name of the formatter and the id of the dataset before them.
    """
    cause = error.__cause__ or error
    words = " ".join(str(cause).split()) or type(cause).__name__
    return textwrap.shorten(words, 300, placeholder=" …")


@contextlib.contextmanager
def raw_path(butler: Butler, exposure_id: int) -> Iterator[Path]:
    """Give the path of a raw file; one that is far away is fetched for as long.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    exposure_id : `int`
        Which exposure.

    Raises
    ------
    LookupError
        If it is not in the repository.
    """
    ref = _find_raw(butler, exposure_id)
    if ref is None:
        raise LookupError(f"there is no raw image of exposure {exposure_id}")
    with butler.getURI(ref).as_local() as local:
        yield Path(local.ospath)


def _find_raw(butler: Butler, exposure_id: int) -> DatasetRef | None:
    from lsst.daf.butler import MissingCollectionError, MissingDatasetTypeError

    try:
        return butler.find_dataset(
            "raw",
            instrument=INSTRUMENT,
            detector=DETECTOR_ID,
            exposure=exposure_id,
            collections=RAW,
        )
    except (LookupError, MissingCollectionError, MissingDatasetTypeError):
        return None


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
