# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The repository port over the store."""

__all__ = ["FOREIGN_RUN", "DirectRepository", "measure_stored"]

import asyncio
from collections.abc import Collection, Mapping, Sequence

from ...model import (
    SETUP_KEYS,
    CalibrationError,
    CalibrationFacts,
    Certification,
    CertificationConflictError,
    CertificationError,
    ComparisonError,
    Conflict,
    ImageName,
    IngestError,
    RunStatistics,
    StatisticsError,
    Validity,
    details_dataset_type,
)
from ...pipelines.calib_facts import measure_calibration
from ...pipelines.image import CalibImage, Mask
from ...pipelines.provenance import Provenance
from ..clock import iso_from_tai, tai_from_iso
from ..world import World
from .known import kept
from .store import Certified, Store

_READ_TIME = 0.2  # seconds
_CERTIFY_TIME = 2.2  # seconds
FOREIGN_RUN = "u/somebody/run"
"""RUN collection of what somebody else certifies, with the fault certified_by_another."""


class DirectRepository:
    """Reads statistics from the store, and certifies in it.

    Parameters
    ----------
    world : `World`
        The simulated world.
    store : `Store`
        The repository.
    """

    def __init__(self, world: World, store: Store) -> None:
        self._world = world
        self._store = store

    async def find_images(
        self, names: Collection[ImageName], timeout: float
    ) -> frozenset[ImageName]:
        """Find the images that are in the Butler."""
        await self._read("raw", timeout, IngestError)
        raws = self._store.find_raws(name.exposure_id for name in names)
        return frozenset(raw.exposure.name for raw in raws).intersection(names)

    async def find_groups(
        self, group_ids: Collection[str], timeout: float
    ) -> Mapping[str, ImageName]:
        """Find the images of groups."""
        await self._read("raw", timeout, IngestError)
        exposures = (raw.exposure for raw in self._store.raws)
        return {item.group_id: item.name for item in exposures if item.group_id in group_ids}

    async def find_damaged(
        self, names: Collection[ImageName], timeout: float
    ) -> Mapping[ImageName, str]:
        """Find the images that cannot be read."""
        await self._read("raw", timeout, IngestError)
        raws = self._store.find_raws(name.exposure_id for name in names)
        return {raw.exposure.name: raw.damaged for raw in raws if raw.damaged}

    async def read_statistics(
        self, collection: str, dataset_type: str, timeout: float
    ) -> RunStatistics:
        """Read the statistics that a verification job wrote."""
        await self._read(dataset_type, timeout, StatisticsError)
        try:
            dataset = self._store.find([collection], dataset_type)
        except LookupError as error:
            raise StatisticsError(f"The Butler has no {dataset_type}: {error}.") from error
        if isinstance(dataset, CalibImage):
            raise StatisticsError(f"{dataset_type} in {collection} is an image.")
        try:
            details = self._store.find([collection], details_dataset_type(dataset_type))
        except LookupError:
            details = {}
        if isinstance(details, CalibImage):
            raise StatisticsError(f"The measurements of {dataset_type} are an image.")
        return RunStatistics.parse(dataset, {int(key): value for key, value in details.items()})

    async def read_calibration(
        self,
        collections: Sequence[str],
        dataset_type: str,
        moment: str,
        timeout: float,
        but_not: str = "",
    ) -> CalibrationFacts | None:
        """Measure the first calibration that some collections have."""
        await self._read(f"combined_{dataset_type}", timeout, ComparisonError)
        found = self._store.find_in_use(collections, dataset_type, tai_from_iso(moment), but_not)
        if found is None:
            return None
        run, image = found
        return kept(
            (dataset_type, run), (), (image,), lambda: measure_stored(dataset_type, run, image)
        )

    async def has_calibration(
        self, collections: Sequence[str], dataset_type: str, moment: str, timeout: float
    ) -> bool:
        """Tell whether some collections have a calibration that is valid at a moment."""
        await self._read(dataset_type, timeout, IngestError)
        tai = tai_from_iso(moment)
        for name in collections:
            try:
                self._store.find([name], dataset_type, tai)
            except LookupError:
                continue
            return True
        return False

    async def has_output(self, collection: str, dataset_type: str, timeout: float) -> bool:
        """Tell whether a job wrote its last dataset."""
        await self._read(dataset_type, timeout, StatisticsError)
        try:
            run = self._store.find_run(collection, dataset_type)
        except LookupError:
            return False
        return run == collection

    async def find_conflicts(
        self, certification: Certification, timeout: float
    ) -> Sequence[Conflict]:
        """Find the calibrations that are certified for part of a validity range."""
        await self._read(certification.dataset_type, timeout, CertificationError)
        return self._conflicts(certification, _certified(certification, ""))

    async def certify(self, certification: Certification, timeout: float) -> None:
        """Certify a calibration."""
        fault = self._world.faults.hit("repository.certify", dataset=certification.dataset_type)
        how = "" if fault is None else fault.name
        name = f"{certification.dataset_type} in {certification.calib_collection}"
        try:
            async with asyncio.timeout(timeout):
                await self._world.clock.sleep(_CERTIFY_TIME)
                if how == "repository_locked":
                    await asyncio.Event().wait()
        except TimeoutError:
            raise CertificationError(
                f"Could not certify {name} within {timeout:.0f} s.",
                last_seen="the repository is locked" if how else "",
                remedy="Find out who writes to the repository, then resume the run.",
            ) from None
        if how == "repository_read_only":
            raise CertificationError(
                f"Could not certify {name}: the repository is read-only.",
                remedy="Ask for permission to write to the repository, then resume the run; the "
                f"combined calibration is kept in {certification.input_collection}.",
            )
        if how == "certified_by_another":
            self._store.certify(
                certification.calib_collection, _certified(certification, FOREIGN_RUN)
            )
        try:
            run = self._store.find_run(certification.input_collection, certification.dataset_type)
        except LookupError as error:
            raise CertificationError(f"Could not certify {name}: {error}.") from error
        certified = _certified(certification, run)
        conflicts = self._conflicts(certification, certified)
        if conflicts:
            raise CertificationConflictError(
                f"Could not certify {name}: another one is valid {conflicts[0].validity}, "
                f"from {conflicts[0].run}.",
                remedy="Choose another collection or validity range, or decertify that one.",
            )
        self._store.certify(certification.calib_collection, certified)

    async def _read(self, dataset_type: str, timeout: float, kind: type[CalibrationError]) -> None:
        """Take the time that reading takes, and fail as told."""
        fault = self._world.faults.hit("repository.read", dataset=dataset_type)
        try:
            async with asyncio.timeout(timeout):
                await self._world.clock.sleep(_READ_TIME)
        except TimeoutError:
            raise kind(
                f"The Butler did not answer within {timeout:g} s.",
                remedy="See whether the repository can be reached.",
            ) from None
        if fault is not None:
            raise kind(
                f"{dataset_type} cannot be read: the repository is not there.",
                remedy="See whether the repository can be reached, then resume the run.",
            )

    def _conflicts(self, certification: Certification, certified: Certified) -> list[Conflict]:
        collection = certification.calib_collection
        try:
            found = self._store.overlapping(collection, certified)
        except LookupError as error:
            raise CertificationError(
                f"{certification.dataset_type} cannot be certified: {error}.",
                remedy="Choose another calib_collection.",
            ) from error
        return [
            Conflict(
                dataset_type=other.dataset_type,
                calib_collection=collection,
                run=other.run,
                validity=Validity(iso_from_tai(other.begin), iso_from_tai(other.end)),
            )
            for other in found
        ]


def measure_stored(dataset_type: str, run: str, image: CalibImage) -> CalibrationFacts:
    """Measure a combined calibration of the store, as if it were read from its file."""
    provenance = image.provenance or Provenance(())
    return measure_calibration(
        dataset_type,
        run,
        image.pixels,
        (image.mask & Mask.BAD) != 0,
        unit=image.unit,
        exposures=len(image.inputs) or None,
        weight=sum(item.scale**2 for item in provenance.inputs) or None,
        setup=tuple((key, value) for key, value in provenance.setup if key in SETUP_KEYS),
        masked=provenance.masked,
        left_out=provenance.left_out,
        notes=provenance.notes,
    )


def _certified(certification: Certification, run: str) -> Certified:
    validity = certification.validity
    try:
        begin, end = tai_from_iso(validity.begin), tai_from_iso(validity.end)
    except ValueError as error:
        raise CertificationError(f"The validity {validity} cannot be read: {error}.") from error
    if begin >= end:
        raise CertificationError(f"The validity {validity} ends before it begins.")
    return Certified(certification.dataset_type, run, begin, end)
