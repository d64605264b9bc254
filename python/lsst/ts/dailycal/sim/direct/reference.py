# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reference calibrations in ``LATISS/calib``, of frames of an earlier day."""

__all__ = ["CALIB_COLLECTION", "add_reference"]

import dataclasses
import functools
from pathlib import Path

from ...model import ImageType
from ...pipelines.combine import combine_bias
from ...pipelines.image import CalibImage
from ...pipelines.raw.frame import RawFrame
from ..conditions import HEALTHY
from ..config import SimulationConfig
from ..world import World
from .processing import combine_darks, open_raw_image
from .store import ENDLESS, Certified, RawImage, Store

CALIB_COLLECTION = "LATISS/calib"
"""Collection of the calibrations in use."""
_DATED = "LATISS/calib/reference"
_RUN = "LATISS/calib/reference/run"


def add_reference(store: Store, world: World) -> None:
    """Make reference calibrations, and certify them without end.

    Parameters
    ----------
    store : `Store`
        The repository.
    world : `World`
        The simulated world.
    """
    relevant = dataclasses.replace(
        world.config,
        time_scale=1.0,
        started_at=None,
        root=Path(),
        repository_path=None,
        raw_path=None,
        conditions=HEALTHY,
        faults=tuple(text for text in world.config.faults if text.startswith("new_sequencer")),
    )
    bias, dark = _make(relevant, world.clock.day_obs())
    for dataset_type, image in (("bias", bias), ("dark", dark)):
        store.put(_RUN, dataset_type, image)
        store.certify(_DATED, Certified(dataset_type, _RUN, *ENDLESS))
    store.chain(CALIB_COLLECTION, [_DATED])


@functools.lru_cache(maxsize=8)
def _make(config: SimulationConfig, _day: int) -> tuple[CalibImage, CalibImage]:
    """Make a bias and a dark; the day is there because the frames depend on it."""
    world = World(config, in_memory=True)
    frames: dict[str, list[RawFrame]] = {kind: [] for kind in ImageType}
    for exposure in world.reference_exposures():
        raw = RawImage(exposure, world.read(exposure))
        frames[exposure.image_type].append(open_raw_image(raw))
    bias = combine_bias(frames[ImageType.BIAS])
    return bias, combine_darks(frames[ImageType.DARK], bias)
