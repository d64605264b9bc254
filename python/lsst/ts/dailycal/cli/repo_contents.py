# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in a repository, as far as this procedure cares."""

__all__ = ["RepositoryContents", "read_contents"]

import dataclasses

from ..butler.certify import CertifiedRange, find_conflicts
from ..butler.ingest import count_raws
from ..butler.repository import open_repository

_ALWAYS = ("1970-01-01", "2100-01-01")  # what the Butler can tell apart


@dataclasses.dataclass(frozen=True, slots=True)
class RepositoryContents:
    """Raws and certified calibrations of a repository."""

    repository: str
    """Directory or alias."""
    raws: int
    """Number of raw frames."""
    certified: tuple[CertifiedRange, ...]
    """Every certified bias and dark."""


def read_contents(repository: str) -> RepositoryContents:
    """Read what is in a repository.

    Parameters
    ----------
    repository : `str`
        Directory or alias.

    Raises
    ------
    FileNotFoundError, LookupError
        If there is no such repository.
    """
    from lsst.daf.butler import CollectionType

    with open_repository(repository) as butler:
        collections = butler.collections.query("*", collection_types={CollectionType.CALIBRATION})
    return RepositoryContents(
        repository=repository,
        raws=count_raws(repository),
        certified=tuple(
            found
            for collection in sorted(collections)
            for dataset_type in ("bias", "dark")
            for found in find_conflicts(repository, collection, dataset_type, *_ALWAYS)
        ),
    )
