# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Temperatures and pressures of LATISS over the telemetry of ATCamera."""

__all__ = ["SalGauges"]

import time
import typing
from collections.abc import Mapping, Sequence

from ..model import ConditionReading
from .topics import TopicReader

VACUUM: Mapping[str, str] = {
    "ccd": "tempCCD",
    "ccd_set_point": "tempCCDSetPoint",
    "cold_plate": "tempColdPlate",
    "cryo_head": "tempCryoHead",
    "vacuum": "vacuum",
}
"""Fields of the telemetry topic ``vacuum``."""
AVRO: Mapping[str, str] = {
    "ccd": "TempCCD",
    "ccd_set_point": "TempCCDSetPoint",
    "cold_plate": "TempColdPlate",
    "cryo_head": "TempCryoHead",
    "vacuum": "Vacuum",
}
"""The same in the topic ``ats`` of later interfaces."""
TOPICS: Mapping[str, tuple[Mapping[str, str], float]] = {
    "vacuum": (VACUUM, 1.0),
    "ats": (AVRO, 1.0),
    "focal_plane_Reb": ({"board": "temp2"}, 1.0),
    "daq_monitor_Store": ({"store": "freeFraction"}, 100.0),
}
"""Telemetry topics: field by quantity, and what a value is multiplied by."""


class SalGauges:
    """Reads the instruments of LATISS.

    Parameters
    ----------
    remote : `lsst.ts.salobj.Remote`
        Remote of ATCamera, with those telemetry topics of `topics` that its interface has.
    """

    def __init__(self, remote: typing.Any) -> None:
        self._board = TopicReader()
        self._heard: dict[str, tuple[float, float]] = {}
        self._expected: set[str] = set()
        for name, (fields, factor) in TOPICS.items():
            topic = getattr(remote, f"tel_{name}", None)
            if topic is not None:
                self._expected.update(fields)
                self._board.listen(topic, self._store(fields, factor))

    @staticmethod
    def topics(known: typing.Container[str]) -> list[str]:
        """Return the telemetry topics to include, of those that an interface has."""
        return [name for name in TOPICS if name in known]

    async def read(self, timeout: float) -> Sequence[ConditionReading]:
        """Read all instruments."""
        await self._board.wait_until(lambda: self._expected <= set(self._heard), timeout)
        now = time.monotonic()
        return [
            ConditionReading(quantity, value, now - heard)
            for quantity, (value, heard) in self._heard.items()
        ]

    def _store(
        self, fields: Mapping[str, str], factor: float
    ) -> typing.Callable[[typing.Any], None]:
        def store(message: typing.Any) -> None:
            for quantity, field in fields.items():
                value = getattr(message, field, None)
                if value is not None:
                    self._heard[quantity] = (float(value) * factor, time.monotonic())

        return store
