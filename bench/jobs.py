# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole pipeline jobs on 20 full-size frames, forked as the simulated OCPS does.

Wall time depends on what else the machine does; processor time hardly does. ``--before CHECKOUT``
runs the same jobs with the code of another checkout as well, by turns.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frames import write_frames

from lsst.ts.dailycal.butler.ingest import ingest_raws
from lsst.ts.dailycal.butler.repository import create_repository, open_repository

LIMITS = {"cpBias": 6.0, "verifyBias": 6.0}
"""Wall time on two cores that have nothing else to do (second)."""
HERE = Path(__file__).parent


def run_job(
    repo: Path, pipeline: str, config: str, exposures: list[int], checkout: Path
) -> dict[str, Any]:
    """Run one job with the code of a checkout; give wall time, processor time and peak memory."""
    variable = "CP_VERIFY_DIR" if pipeline.startswith("verify") else "CP_PIPE_DIR"
    ids = ", ".join(map(str, exposures))
    job = f"{pipeline}{time.monotonic_ns()}"
    request = {
        "repo": str(repo),
        "pipeline": f"${{{variable}}}/pipelines/LATISS/{pipeline}.yaml",
        "config": config,
        "data_query": f"instrument='LATISS' AND detector IN (0) AND exposure IN ({ids})",
        "output": f"u/ocps/{job}",
    }
    done = subprocess.run(
        [sys.executable, str(HERE / "forked_job.py"), json.dumps(request), f"{repo}-{job}.log"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(checkout / "python")},
    )
    return {"job": job, "pipeline": pipeline, **json.loads(done.stdout)}


def report(
    frames: int, rounds: int, checkouts: Mapping[str, Path], directory: Path
) -> dict[str, Any]:
    """Measure both jobs, and print a table as it comes."""
    repo = directory / "repo"
    create_repository(repo)
    paths = write_frames(directory, frames)
    with open_repository(repo, writeable=True) as butler:
        exposures = list(ingest_raws(butler, paths))
    rows: dict[str, Any] = {"frames": frames, "jobs": []}
    for _ in range(rounds):
        for name, checkout in checkouts.items():
            config = "--register-dataset-types"
            bias = run_job(repo, "cpBias", config, exposures, checkout)
            config = f"-i u/ocps/{bias['job']} --register-dataset-types"
            verify = run_job(repo, "verifyBias", config, exposures, checkout)
            for row in (bias, verify):
                rows["jobs"].append(row | {"code": name})
                sys.stdout.write(
                    f"{name:6s} {row['pipeline']:12s} {frames} frames {row['seconds']:6.1f} s wall "
                    f"{row['cpu_seconds']:6.1f} s cpu {row['peak_mb']:6.0f} MB "
                    f"at load {row['load']:.1f} (limit {LIMITS[row['pipeline']]:.0f} s wall)\n"
                )
                sys.stdout.flush()
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="measure its code too")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args()
    checkouts = {"before": args.before.absolute()} if args.before else {}
    checkouts["now"] = HERE.parent.absolute()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        rows = report(args.frames, args.rounds, checkouts, Path(directory))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
