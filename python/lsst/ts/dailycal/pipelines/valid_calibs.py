# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy does not follow the Data Management packages: their classes are Any to it.
# mypy: disable-error-code="misc, call-arg"
"""The calibrations that are valid for the exposures of one quantum.

A quantum costs a tenth of a second of bookkeeping, and one for all exposures costs that once. But
a quantum without exposure has no time, and a calibration is looked up by time. So every
calibration is offered to it, and when the graph is made, those stay that are valid for its
exposures.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, ClassVar

from lsst.daf.butler import CalibrationLookupError, Timespan
from lsst.pipe.base import PipelineTaskConnections
from lsst.pipe.base.connectionTypes import Input, PrerequisiteInput

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from uuid import UUID

    from lsst.daf.butler import DataCoordinate, DatasetRef, DatasetType, Registry
    from lsst.pipe.base import InputQuantizedConnection, QuantumContext

    from .image import CalibImage

DETECTOR = ("instrument", "detector")
"""Dimensions of a combined calibration."""
EXPOSURE = ("instrument", "exposure", "detector")
"""Dimensions of a raw frame."""


def _all_there_are(
    dataset_type: DatasetType,
    registry: Registry,
    data_id: DataCoordinate,
    collections: Sequence[str],
) -> Iterable[DatasetRef]:
    """Find every calibration; which of them are used is known from the exposures."""
    found = registry.queryDatasets(
        dataset_type, collections=collections, dataId=data_id, findFirst=False
    )
    return {ref.id: ref for ref in found}.values()


def calibration(name: str, doc: str) -> PrerequisiteInput:
    """Declare a calibration of which the one that is valid is wanted."""
    return PrerequisiteInput(
        doc=doc,
        name=name,
        storageClass="LatissImage",
        dimensions=DETECTOR,
        isCalibration=True,
        multiple=True,
        deferLoad=True,
        lookupFunction=_all_there_are,
    )


class ExposuresConnections(PipelineTaskConnections, dimensions=DETECTOR):
    """Raw frames of one detector, and the calibrations that are valid for them."""

    raws = Input(
        doc="Exposures.", name="raw", storageClass="LatissRaw", dimensions=EXPOSURE, multiple=True
    )

    _CALIBRATIONS: ClassVar[tuple[str, ...]] = ()
    """Names of the connections that were made with `calibration`."""

    def __init__(self, *, config: Any) -> None:
        super().__init__(config=config)
        self._valid: dict[str, set[UUID]] | None = None

    def adjust_all_quanta(self, adjuster: Any) -> None:
        """Find out which calibrations are valid for the exposures of the only quantum.

        Raises
        ------
        RuntimeError
            If more than one of a kind is.
        """
        super().adjust_all_quanta(adjuster)
        self._valid = {name: set() for name in self._CALIBRATIONS}
        for quantum in adjuster.iter_data_ids():
            exposures = adjuster.get_inputs(quantum)["raws"]
            for name in self._CALIBRATIONS:
                dataset_type = getattr(self, name).name
                found = _find_all(adjuster.butler, dataset_type, exposures)
                valid = {ref.id for ref in found if ref is not None}
                if len(valid) > 1:
                    raise RuntimeError(
                        f"the {len(exposures)} exposures need {len(valid)} different calibrations "
                        f"of type {dataset_type}; process those of one validity range at a time"
                    )
                # Without a calibration for one of them, there is none for the quantum.
                self._valid[name] |= set() if None in found else valid

    def adjustQuantum(
        self,
        inputs: dict[str, tuple[Any, Collection[DatasetRef]]],
        outputs: dict[str, tuple[Any, Collection[DatasetRef]]],
        label: str,
        data_id: DataCoordinate,
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Keep the valid calibrations. It is called again by a process that executes: no change."""
        adjusted = {}
        for name, valid in (self._valid or {}).items():
            connection, refs = inputs[name]
            adjusted[name] = (connection, [ref for ref in refs if ref.id in valid])
        inputs.update(adjusted)
        super().adjustQuantum(inputs, outputs, label, data_id)
        return adjusted, {}


def _find_all(
    butler: Any, dataset_type: str, exposures: Iterable[DataCoordinate]
) -> list[DatasetRef | None]:
    """Find the calibrations that are valid for some exposures; None if there is none for one.

    Each lookup takes hundredths of a second. Those for the first and the last exposure, and for the
    time from one to the other, are mostly enough.
    """
    full = [butler.registry.expandDataId(exposure) for exposure in exposures]
    first = min(full, key=lambda one: _timespan(one).begin.mjd)
    last = max(full, key=lambda one: _timespan(one).end.mjd)
    found = _find_valid(butler, dataset_type, first, _timespan(first))
    if found is not None and found == _find_valid(butler, dataset_type, last, _timespan(last)):
        whole = Timespan(_timespan(first).begin, _timespan(last).end)
        with contextlib.suppress(CalibrationLookupError):  # more than one
            if found == _find_valid(butler, dataset_type, first, whole):
                return [found]
    return [_find_valid(butler, dataset_type, one, _timespan(one)) for one in full]


def _timespan(exposure: DataCoordinate) -> Timespan:
    return exposure.records["exposure"].timespan


def _find_valid(
    butler: Any, dataset_type: str, exposure: DataCoordinate, timespan: Timespan
) -> DatasetRef | None:
    return butler.find_dataset(
        dataset_type,
        instrument=exposure["instrument"],
        detector=exposure["detector"],
        timespan=timespan,
    )


def read_calibration(
    context: QuantumContext, references: InputQuantizedConnection, connection: str
) -> CalibImage:
    """Read the one calibration that is left of a connection."""
    (reference,) = getattr(references, connection)
    image: CalibImage = context.get(reference).get()
    return image
