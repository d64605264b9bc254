# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy does not follow the Data Management packages: their classes are Any to it.
# mypy: disable-error-code="misc, call-arg"

"""LATISS, as a Butler knows it.

The path of the class is stored in every repository: it must never be renamed.
"""

from __future__ import annotations

__all__ = ["Latiss"]

from typing import TYPE_CHECKING, ClassVar, cast

from lsst.pipe.base import Instrument
from lsst.utils import doImportType

from ..model.detector import DETECTOR_ID, DETECTOR_NAME, INSTRUMENT

if TYPE_CHECKING:
    from lsst.daf.butler import DataId, FormatterV2, Registry

_OBSERVATION_MAX = 100_000_000_000_000
"""Above any exposure id: year, month, day and five digits."""


class Latiss(Instrument):
    """The LATISS imager and spectrograph."""

    raw_definition: ClassVar = ("raw", ("instrument", "exposure", "detector"), "LatissRaw")

    @classmethod
    def getName(cls) -> str:
        """Give the name of the instrument dimension."""
        return INSTRUMENT

    def register(self, registry: Registry, *, update: bool = False) -> None:
        """Insert instrument and detector.

        Physical filters are inserted with the exposures that have them.
        """
        with registry.transaction():
            registry.syncDimensionData(
                "instrument",
                {
                    "name": self.getName(),
                    "class_name": f"{type(self).__module__}.{type(self).__name__}",
                    "detector_max": 1,
                    "exposure_max": _OBSERVATION_MAX,
                    "visit_max": _OBSERVATION_MAX,
                    "visit_system": 0,
                },
                update=update,
            )
            raft, _, sensor = DETECTOR_NAME.partition("_")
            registry.syncDimensionData(
                "detector",
                {
                    "instrument": self.getName(),
                    "id": DETECTOR_ID,
                    "full_name": DETECTOR_NAME,
                    "name_in_raft": sensor,
                    "raft": raft,
                    "purpose": "SCIENCE",
                },
                update=update,
            )

    def getRawFormatter(self, dataId: DataId) -> type[FormatterV2]:  # noqa: N803
        """Give the class that reads raw frames."""
        path = "lsst.ts.dailycal.pipelines.formatters.RawFormatter"
        return cast("type[FormatterV2]", doImportType(path))
