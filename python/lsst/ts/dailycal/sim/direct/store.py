# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in the repository, in memory: raw images, runs, chains and calibrations by validity."""

__all__ = ["ENDLESS", "RAW_COLLECTION", "Certified", "Dataset", "RawImage", "Store"]

import dataclasses
from collections.abc import Iterable, Iterator

from ...pipelines.image import CalibImage
from ...pipelines.verify import RunStats
from ..detector import Frame
from ..exposures import SimulatedExposure

Dataset = CalibImage | RunStats
"""A combined calibration or verification statistics."""
RAW_COLLECTION = "LATISS/raw/all"
"""Collection of the raw images."""
ENDLESS = (0.0, 4e9)
"""A validity range that holds for every date of the simulation."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class RawImage:
    """A raw image that was ingested."""

    exposure: SimulatedExposure
    """The exposure."""
    frame: Frame
    """The pixels."""
    damaged: str = ""
    """Why the file cannot be read; empty for a good file."""


@dataclasses.dataclass(frozen=True, slots=True)
class Certified:
    """A calibration that is valid for some time."""

    dataset_type: str
    """``bias`` or ``dark``."""
    run: str
    """The RUN collection that it is in."""
    begin: float
    """First moment, in Unix seconds of TAI."""
    end: float
    """First moment after it, in Unix seconds of TAI."""


class Store:
    """The repository."""

    def __init__(self) -> None:
        self._raws: dict[int, RawImage] = {}
        self._runs: dict[str, dict[str, Dataset]] = {RAW_COLLECTION: {}}
        self._chains: dict[str, tuple[str, ...]] = {}
        self._calibrations: dict[str, list[Certified]] = {}

    def add_raw(self, raw: RawImage) -> None:
        """Add a raw image."""
        self._raws[raw.exposure.name.exposure_id] = raw

    @property
    def raws(self) -> tuple[RawImage, ...]:
        """All raw images, in the order of their ids."""
        return tuple(self._raws[exposure_id] for exposure_id in sorted(self._raws))

    def find_raws(self, exposure_ids: Iterable[int]) -> list[RawImage]:
        """Find raw images by exposure id; those that are not there are left out."""
        return [self._raws[number] for number in sorted(set(exposure_ids)) if number in self._raws]

    def put(self, run: str, dataset_type: str, dataset: Dataset) -> None:
        """Add a dataset to a RUN collection, which is made if it is not there."""
        self._runs.setdefault(run, {})[dataset_type] = dataset

    def chain(self, name: str, children: Iterable[str]) -> None:
        """Make a CHAINED collection."""
        self._chains[name] = tuple(dict.fromkeys(children))

    def expand(self, collections: Iterable[str]) -> Iterator[str]:
        """List the collections behind chains, in the order in which they are searched.

        Raises
        ------
        LookupError
            If a collection is not there.
        """
        for name in collections:
            if name in self._chains:
                yield from self.expand(self._chains[name])
            elif name in self._runs or name in self._calibrations:
                yield name
            else:
                raise LookupError(f"there is no collection {name}")

    def find(
        self, collections: Iterable[str], dataset_type: str, tai: float | None = None
    ) -> Dataset:
        """Find a dataset in the first collection that has it.

        Parameters
        ----------
        collections : `~collections.abc.Iterable` [`str`]
            Where to look, in order.
        dataset_type : `str`
            What to look for.
        tai : `float`, optional
            When a certified calibration must be valid, in Unix seconds of TAI; without it,
            calibration collections are passed over.

        Raises
        ------
        LookupError
            If there is none, or a collection is not there.
        """
        names = tuple(collections)
        for name in self.expand(names):
            run = self._runs.get(name, {})
            if dataset_type in run:
                return run[dataset_type]
            for certified in self._calibrations.get(name, ()):
                if (
                    tai is not None
                    and certified.dataset_type == dataset_type
                    and certified.begin <= tai < certified.end
                ):
                    return self._runs[certified.run][dataset_type]
        raise LookupError(f"there is no {dataset_type} in {', '.join(names)}")

    def find_in_use(
        self, collections: Iterable[str], dataset_type: str, tai: float, but_not: str
    ) -> tuple[str, CalibImage] | None:
        """Find a calibration that is valid, or was last, in the first collection that has one.

        Parameters
        ----------
        collections : `~collections.abc.Iterable` [`str`]
            Where to look, in order; those that are not there are passed over.
        dataset_type : `str`
            What to look for.
        tai : `float`
            When, in Unix seconds of TAI.
        but_not : `str`
            RUN collection that is passed over.
        """
        there = (name for name in collections if self._is_there(name))
        for name in self.expand(there):
            runs = [name] if dataset_type in self._runs.get(name, {}) else []
            begun = [
                item
                for item in self._calibrations.get(name, ())
                if item.dataset_type == dataset_type and item.begin <= tai
            ]
            runs += [item.run for item in sorted(begun, key=lambda item: -item.begin)]
            for run in runs:
                image = self._runs.get(run, {}).get(dataset_type)
                if run != but_not and isinstance(image, CalibImage):
                    return run, image
        return None

    def _is_there(self, name: str) -> bool:
        return name in self._chains or name in self._runs or name in self._calibrations

    def find_run(self, collection: str, dataset_type: str) -> str:
        """Find the RUN collection in which a dataset is.

        Raises
        ------
        LookupError
            If there is none, or the collection is not there.
        """
        for name in self.expand([collection]):
            if dataset_type in self._runs.get(name, {}):
                return name
        raise LookupError(f"there is no {dataset_type} in {collection}")

    def overlapping(self, collection: str, wanted: Certified) -> list[Certified]:
        """Find the calibrations of a CALIBRATION collection that overlap a validity range.

        Raises
        ------
        LookupError
            If the collection is there and is of another type.
        """
        if collection in self._runs or collection in self._chains:
            raise LookupError(f"{collection} is not a CALIBRATION collection")
        return [
            certified
            for certified in self._calibrations.get(collection, ())
            if certified.dataset_type == wanted.dataset_type
            and certified.begin < wanted.end
            and wanted.begin < certified.end
        ]

    def certify(self, collection: str, certified: Certified) -> None:
        """Certify a calibration; the collection is made if it is not there.

        Raises
        ------
        LookupError
            If the collection is there and is of another type.
        ValueError
            If another calibration is valid in part of the range.
        """
        if self.overlapping(collection, certified):
            raise ValueError(f"another {certified.dataset_type} is certified in {collection}")
        self._calibrations.setdefault(collection, []).append(certified)

    def decertify(self, run: str) -> None:
        """Take away every certification of what is in a RUN collection."""
        for certified in self._calibrations.values():
            certified[:] = [item for item in certified if item.run != run]

    def certifications(self, collection: str) -> tuple[Certified, ...]:
        """List what is certified in a CALIBRATION collection."""
        return tuple(self._calibrations.get(collection, ()))
