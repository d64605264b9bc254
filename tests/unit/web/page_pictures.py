# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pictures of simulated frames, for a server without a Butler; imported by another process."""

import time

from lsst.ts.dailycal.figures.pictures import assemble, picture_of
from lsst.ts.dailycal.model import ImageName
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.raw import RawFrame
from lsst.ts.dailycal.sim.config import DIRECT_FRAME
from lsst.ts.dailycal.sim.detector import FrameRequest, SimulatedDetector


def make_frame(repository: str, exposure_id: int, kind: str, amplifier: str) -> bytes:
    if repository == "hanging":
        time.sleep(60.0)
    assert repository == "in memory"
    assert (kind == "amplifier") == bool(amplifier)
    if exposure_id % 100_000 == 2:
        raise LookupError("The file of the exposure cannot be read.")
    detector = SimulatedDetector(1, LATISS.resized(*DIRECT_FRAME), 0.0, 0.0)
    frame = detector.read(FrameRequest(ImageName.of_exposure(exposure_id), 0.0, 0.0))
    raw = RawFrame.from_arrays(
        frame.pixels, frame.geometry, exposure=exposure_id, image_type="BIAS"
    )
    return picture_of(assemble(raw)).png
