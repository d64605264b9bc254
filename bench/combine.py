# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our combination beside that of ccdproc, in one run: time, peak memory, difference.

Both get the same corrected frames in memory and clip once at 3 sigma, which is all that ccdproc
can do. Then ours combines straight from raw files, with reading and correction, 20 to 100
frames. Each measurement has a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from frames import write_frames

from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.clip import ClipOptions, clipped_slope
from lsst.ts.dailycal.pipelines.combine import combine_bias
from lsst.ts.dailycal.pipelines.isr import correct_frame
from lsst.ts.dailycal.pipelines.raw.frame import open_raw

PARTS = {"full": 1, "half": 2, "quarter": 4}


def peak_megabytes() -> float:
    """Give the largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def load(paths: list[str]) -> np.ndarray:
    """Correct frames into a stack."""
    first = correct_frame(open_raw(paths[0]))
    stack = np.empty((len(paths), *first.shape), np.float32)
    for number, path in enumerate(paths):
        stack[number] = correct_frame(open_raw(path)).pixels
    return stack


def ours(paths: list[str], result: str) -> dict[str, Any]:
    """Combine a stack in memory with our code, in one thread."""
    stack = load(paths)
    flat = stack.reshape(len(stack), -1)
    before = peak_megabytes()
    start = time.perf_counter()
    combined = clipped_slope(flat, options=ClipOptions(iterations=1))
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    clipped_slope(flat)
    thrice = time.perf_counter() - start
    np.save(result, combined.slope)
    return {
        "seconds": seconds,
        "seconds_3_iterations": thrice,
        "extra_mb": peak_megabytes() - before,
    }


def ccdproc(paths: list[str], result: str) -> dict[str, Any]:
    """Combine a stack in memory with ccdproc."""
    from astropy.nddata import CCDData
    from ccdproc import Combiner

    frames = [CCDData(plane, unit="electron") for plane in load(paths)]
    before = peak_megabytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        combiner = Combiner(frames)
        combiner.sigma_clipping(low_thresh=3, high_thresh=3, func="mean", dev_func="std")
        mean = combiner.average_combine().data
        seconds = time.perf_counter() - start
    np.save(result, mean.ravel())
    return {"seconds": seconds, "extra_mb": peak_megabytes() - before}


def from_files(paths: list[str], result: str) -> dict[str, Any]:
    """Combine from raw files: reading, correction, three rounds of clipping."""
    start = time.perf_counter()
    bias = combine_bias([open_raw(path) for path in paths])
    seconds = time.perf_counter() - start
    np.save(result, bias.pixels)
    return {"seconds": seconds, "peak_mb": peak_megabytes()}


CHILDREN = {"ours": ours, "ccdproc": ccdproc, "from_files": from_files}


def measure(what: str, paths: list[Path], result: Path) -> dict[str, Any]:
    """Run one of `CHILDREN` in a process."""
    argv = [sys.executable, __file__, "--child", what, "--result", str(result), *map(str, paths)]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def report(size: str, scaling: list[int], directory: Path) -> dict[str, Any]:
    """Measure everything, and print a table as it comes."""
    rows: dict[str, Any] = {"size": size, "frames": 20}
    paths = list(write_frames(directory, 20, LATISS.data_height // PARTS[size]))
    for what in ("ours", "ccdproc"):
        rows[what] = measure(what, paths, directory / f"{what}.npy")
    rows["ratio"] = rows["ccdproc"]["seconds"] / rows["ours"]["seconds"]
    difference = np.abs(np.load(directory / "ours.npy") - np.load(directory / "ccdproc.npy"))
    rows["largest_difference_electron"] = float(difference.max())
    say(f"20 frames, {size} size, 3 sigma, average, in memory:")
    for what in ("ours", "ccdproc"):
        row = rows[what]
        say(f"  {what:10s} {row['seconds']:8.2f} s   {row['extra_mb']:8.0f} MB over the frames")
    say(f"  ratio {rows['ratio']:.0f}, largest difference {difference.max():.1e} electron")
    if size != "full":
        paths = list(write_frames(directory, 20))
    rows["from_files"] = {}
    say("from full-size raw files, with reading and correction, 3 iterations:")
    for count in scaling:
        row = measure("from_files", (paths * 5)[:count], directory / "files.npy")
        rows["from_files"][count] = row
        each = 1000 * row["seconds"] / count
        seconds, peak = row["seconds"], row["peak_mb"]
        say(f"  {count:3d} frames {seconds:8.2f} s {each:6.0f} ms each {peak:6.0f} MB peak")
    return rows


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=PARTS, default="half", help="ccdproc needs 11 GB in full")
    parser.add_argument("--scaling", default="20,50,100", help="numbers of frames from files")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--child", choices=CHILDREN, help=argparse.SUPPRESS)
    parser.add_argument("--result", help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="*", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        say(json.dumps(CHILDREN[args.child](args.paths, args.result)))
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        rows = report(args.size, [int(n) for n in args.scaling.split(",")], Path(directory))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
