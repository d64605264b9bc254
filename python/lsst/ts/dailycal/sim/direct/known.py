# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results that are kept, since the same small frames are processed in hundreds of runs.

What is kept is what the pipelines really made; it is found again by all that it follows from:
the pixels and the facts of the frames, and the very calibrations that were applied.
"""

__all__ = ["kept", "read_frame"]

import collections
import hashlib
import threading
import typing
from collections.abc import Callable, Hashable, Sequence

from ...pipelines.image import CalibImage
from ..detector import Frame
from ..exposures import SimulatedExposure
from ..world import World
from .store import RawImage

T = typing.TypeVar("T")

_LARGEST = 1 << 20
"""Pixels of the largest frame whose results are kept; full frames would fill the memory."""
_MOST = 512

_lock = threading.Lock()
_results: collections.OrderedDict[Hashable, tuple[object, object]] = collections.OrderedDict()


def kept(
    what: Hashable,
    raws: Sequence[RawImage],
    images: Sequence[CalibImage],
    compute: Callable[[], T],
) -> T:
    """Return what was computed from the same input before, or compute it.

    Parameters
    ----------
    what : `~collections.abc.Hashable`
        What is computed, and the options that it depends on.
    raws : `~collections.abc.Sequence` [`RawImage`]
        The frames that it depends on.
    images : `~collections.abc.Sequence` [`CalibImage`]
        The calibrations that it depends on.
    compute : `~collections.abc.Callable`
        Computes it; the result is shared, and nobody may change it.

    Returns
    -------
    result
        The result.
    """
    sizes = [raw.frame.pixels.size for raw in raws] + [image.pixels.size for image in images]
    if max(sizes) > _LARGEST:
        return compute()
    key = (what, *map(_fingerprint, raws), *map(id, images))
    # The calibrations as well: as long as they live, no other one has their identity.
    return _kept(key, tuple(images), compute)


def read_frame(world: World, exposure: SimulatedExposure) -> Frame:
    """Read an exposure out, or return the same frame as before; its pixels are shared."""
    config, request = world.config, world.request(exposure)
    geometry = config.geometry
    if 16 * geometry.raw_width * geometry.raw_height > _LARGEST:
        return world.read(exposure)
    detector = (config.seed, geometry, config.dark_current, config.cosmic_ray_rate)
    return _kept((detector, request), (), lambda: world.read(exposure))


def _kept(key: Hashable, alive: object, compute: Callable[[], T]) -> T:
    with _lock:
        if key in _results:
            _results.move_to_end(key)
            return typing.cast("T", _results[key][1])
    result = compute()
    with _lock:
        _results[key] = (alive, result)
        while len(_results) > _MOST:
            _results.popitem(last=False)
    return result


def _fingerprint(raw: RawImage) -> Hashable:
    exposure = raw.exposure.in_header()
    return (
        hashlib.blake2b(raw.frame.pixels.tobytes()).digest(),
        raw.frame.geometry,
        exposure.name,
        exposure.image_type,
        exposure.exposure_time,
        exposure.dark_time,
        raw.damaged,
    )
