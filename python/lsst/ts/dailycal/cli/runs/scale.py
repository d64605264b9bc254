# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast the time of a run goes."""

__all__ = ["time_scale_of"]

from pathlib import Path

from ..simulate.options import MARKER
from .journals import is_page


def time_scale_of(path: Path) -> float:
    """Tell how much faster than at the telescope the exposures of a run are (`float`)."""
    root = path.parent.parent if is_page(path) else path.parent
    marker = root.absolute().parent / MARKER
    if not marker.is_file():
        return 1.0
    from ...sim.config import SimulationConfig

    return SimulationConfig.load(marker).time_scale
