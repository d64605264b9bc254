# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What measuring every frame costs the exposures, and how soon a frame is judged.

Runs of the script in one simulated observatory, at full size and in real time, measure their
frames and leave that by turns; what is compared is the time from the first exposure to the last.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import pathlib
import statistics
import tempfile

from lsst.ts.dailycal.butler.repository import create_repository
from lsst.ts.dailycal.cli.script.path import scripts_directory
from lsst.ts.dailycal.model import ExposureAsked, ExposureTaken, FrameVerdict, ImageMeasured
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.sim.config import FULL_FRAME
from lsst.ts.dailycal.testing.observatory import off_the_loop, simulated_observatory
from lsst.ts.dailycal.testing.script import ScriptRun

SCRIPT = scripts_directory() / "auxtel" / "make_latiss_calibrations.py"
CONFIG = {
    "script_mode": "BIAS",
    "n_discard_bias": 0,
    "do_verify": False,
    "generate_calibrations": False,
}
LIMIT = 1.05
"""How many times as long the exposures may take when frames are measured: the noise of this."""


@dataclasses.dataclass(frozen=True)
class Acquired:
    """What a run did."""

    seconds: float
    """Time from the first exposure to the last, a frame (s)."""
    delays: tuple[float, ...]
    """Time from readout to judgement of each frame (s)."""


def main() -> None:
    """Print the result, and write it as JSON; exit code 1 if it is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2, help="runs with measuring, and without")
    parser.add_argument("--frames", type=int, default=6, help="biases of each run")
    parser.add_argument("--json", type=pathlib.Path, help="file for the results")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        results = asyncio.run(measure(pathlib.Path(name), args.pairs, args.frames))
    print(json.dumps(results, indent=1))  # noqa: T201
    if args.json is not None:
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(results["ratio"] > LIMIT)


async def measure(directory: pathlib.Path, pairs: int, frames: int) -> dict[str, float]:
    """Make the runs by turns."""
    repository = directory / "empty"
    await asyncio.to_thread(create_repository, repository)
    runs: dict[bool, list[Acquired]] = {True: [], False: []}
    observatory = simulated_observatory(
        directory, repository=repository, time_scale=1.0, frame=FULL_FRAME
    )
    async with off_the_loop(observatory):
        # The first one opens and caches what the others find, and is not counted.
        await acquire(1, measured=True)
        for number in range(pairs):
            for measured in (number % 2 == 0, number % 2 == 1):
                runs[measured].append(await acquire(frames, measured=measured))
    delays = [delay for run in runs[True] for delay in run.delays]
    with_it, without = (
        statistics.fmean(run.seconds for run in runs[measured]) for measured in (True, False)
    )
    return {
        "frames of each run": frames,
        "a frame, not measured (s)": round(without, 3),
        "a frame, measured (s)": round(with_it, 3),
        "ratio": round(with_it / without, 3),
        "judged after readout, median (s)": round(statistics.median(delays), 2),
        "judged after readout, at most (s)": round(max(delays), 2),
        "load": round(os.getloadavg()[0], 1),
    }


async def acquire(frames: int, *, measured: bool) -> Acquired:
    """Run the script once.

    Raises
    ------
    RuntimeError
        If it does not end well, or frames are not measured that should be.
    """
    script = ScriptRun(SCRIPT, {**CONFIG, "n_bias": frames, "measure": measured})
    result = await script.end()
    journal = script.journal()
    if result.state != "DONE" or journal is None:
        raise RuntimeError(f"the script ended {result.state}: {result.text}")
    asked: list[float] = []
    taken: dict[str, float] = {}
    judged: dict[str, float] = {}
    for line in journal.read_text(encoding="utf-8").splitlines():
        entry = RUN_CODEC.decode(line)
        match entry.event:
            case ExposureAsked():
                asked.append(entry.tai)
            case ExposureTaken(image):
                taken[str(image.name)] = entry.tai
            case ImageMeasured() if entry.event.verdict is not FrameVerdict.UNREADABLE:
                judged.setdefault(str(entry.event.name), entry.tai)
    if len(judged) != (frames if measured else 0):
        raise RuntimeError(f"{len(judged)} of {frames} frames were measured: {result.text}")
    seconds = (max(taken.values()) - min(asked)) / len(taken)
    return Acquired(seconds, tuple(judged[name] - taken[name] for name in judged))


if __name__ == "__main__":
    main()
