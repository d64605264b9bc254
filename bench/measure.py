# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measuring one full-size frame as it comes: processor time of one core, opening included."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from frames import write_frames

from lsst.ts.dailycal.model import ImageName
from lsst.ts.dailycal.pipelines.measure import measure_frame
from lsst.ts.dailycal.pipelines.raw.frame import open_raw

LIMIT = 0.4
"""Processor time that a frame may take (s)."""


def measure(paths: list[Path]) -> dict[str, float]:
    """Measure each frame once, after one that warms up."""
    measure_frame(open_raw(paths[0]), ImageName(20261123, 1))
    wall, start = time.perf_counter(), time.process_time()
    for number, path in enumerate(paths, start=1):
        measure_frame(open_raw(path), ImageName(20261123, number))
    count = len(paths)
    return {
        "cpu_seconds": (time.process_time() - start) / count,
        "wall_seconds": (time.perf_counter() - wall) / count,
        "load": os.getloadavg()[0],
    }


def main() -> None:
    """Print the result as JSON; exit code 1 if it is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=5)
    with tempfile.TemporaryDirectory() as directory:
        paths = list(write_frames(Path(directory), parser.parse_args().frames))
        result = measure(paths)
    sys.stdout.write(json.dumps({**result, "limit": LIMIT}) + "\n")
    raise SystemExit(result["cpu_seconds"] > LIMIT)


if __name__ == "__main__":
    main()
