# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The measuring port over the store."""

__all__ = ["DirectMeasuring"]

import asyncio

from ...model import ImageMeasurement, ImageName, MeasurementError
from ...pipelines.measure import measure_frame
from ..world import World
from .known import kept
from .processing import open_raw_image
from .store import RawImage, Store

_TIME = 0.3  # seconds


class DirectMeasuring:
    """Measures the frames of the store.

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

    async def measure(self, name: ImageName, timeout: float) -> ImageMeasurement:
        """Measure a frame."""
        found = self._store.find_raws([name.exposure_id])
        if not found:
            raise MeasurementError(f"{name} is not in the Butler.")
        try:
            async with asyncio.timeout(timeout):
                await self._world.clock.sleep(_TIME)
                return await asyncio.to_thread(self._measure, found[0], name)
        except TimeoutError:
            raise MeasurementError(f"{name} was not measured within {timeout:g} s.") from None
        except ValueError as error:
            raise MeasurementError(f"{name} cannot be read from here: {error}.") from error

    async def close(self) -> None:
        """Do nothing: there is no process."""

    def _measure(self, raw: RawImage, name: ImageName) -> ImageMeasurement:
        header = {card.key: card.value for card in self._world.header(raw.exposure)}
        sequencer = f"{header.get('SEQFILE', '')} {header.get('SEQCKSUM', '')}".strip()
        return kept(
            ("measured", name, sequencer),
            (raw,),
            (),
            lambda: measure_frame(open_raw_image(raw), name, sequencer=sequencer),
        )
