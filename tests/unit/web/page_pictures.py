# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pictures of simulated frames, for a server without a Butler; imported by another process."""

import time

from recorded_runs import draw_recorded


def make_frame(repository: str, exposure_id: int, kind: str, amplifier: str) -> bytes:
    if repository == "hanging":
        time.sleep(60.0)
    assert (kind == "amplifier") == bool(amplifier)
    if exposure_id % 100_000 == 2:
        raise LookupError("The file of the exposure cannot be read.")
    return draw_recorded(repository, exposure_id, kind, amplifier)
