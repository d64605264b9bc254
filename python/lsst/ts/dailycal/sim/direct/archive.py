# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive port over the store."""

__all__ = ["DirectArchive"]

from collections.abc import Mapping, Sequence

from ...model import StatisticsError, details_dataset_type
from ...model.verification import TestResult, results_of_exposure
from ...pipelines.image import CalibImage
from ...ports.archive import ArchivedCalibration
from ..clock import tai_from_iso
from .repository import measure_stored
from .store import Store


class DirectArchive:
    """Reads from the store what a run left there.

    Parameters
    ----------
    store : `Store`
        The repository.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def read_tests(self, collection: str, dataset_type: str) -> Sequence[TestResult]:
        """Read the result of every verification test of a job."""
        name = details_dataset_type(dataset_type)
        try:
            details = self._store.find([collection], name)
        except LookupError as error:
            raise StatisticsError(f"There is no {name} in {collection}: {error}.") from error
        assert not isinstance(details, CalibImage)  # noqa: S101 - the name says so
        return tuple(
            result
            for exposure_id, detail in sorted((int(key), item) for key, item in details.items())
            for result in results_of_exposure(exposure_id, detail)
        )

    def read_image(
        self, collections: Sequence[str], dataset_type: str, moment: str, but_not: str = ""
    ) -> ArchivedCalibration | None:
        """Read the first calibration that some collections have."""
        found = self._store.find_in_use(collections, dataset_type, tai_from_iso(moment), but_not)
        if found is None:
            return None
        run, image = found
        return ArchivedCalibration(measure_stored(dataset_type, run, image), image.pixels)

    def read_versions(self, run: str) -> Mapping[str, str]:
        """Return nothing: these jobs ran in this process."""
        del run
        return {}
