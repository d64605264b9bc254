# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole pipeline jobs as OCPS runs them, on 20 full-size frames: wall time and peak memory."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from frames import write_frames

from lsst.ts.dailycal.butler.ingest import ingest_raws
from lsst.ts.dailycal.butler.repository import create_repository, open_repository
from lsst.ts.dailycal.pipelines.command import pipeline_environment, pipetask_argv

LIMITS = {"cpBias": 12.0, "verifyBias": 15.0}


def run_job(
    repo: Path, pipeline: str, config: str, exposures: list[int], **how: Any
) -> dict[str, Any]:
    """Run one job; give its wall time, processor time and peak memory."""
    variable = "CP_VERIFY_DIR" if pipeline.startswith("verify") else "CP_PIPE_DIR"
    ids = ", ".join(map(str, exposures))
    job = f"{pipeline}{time.monotonic_ns()}"
    argv = pipetask_argv(
        repo,
        pipeline=f"${{{variable}}}/pipelines/LATISS/{pipeline}.yaml",
        config=config,
        data_query=f"instrument='LATISS' AND detector IN (0) AND exposure IN ({ids})",
        output=f"u/ocps/{job}",
        **how,
    )
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            argv, env=os.environ | pipeline_environment(), stdout=said, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        said.seek(0)
        if process.returncode:
            raise SystemExit(
                f"{pipeline} ended with code {process.returncode}:\n{said.read()[-3000:]}"
            )
    return {
        "job": job,
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }


def report(frames: int, processes: list[int], directory: Path) -> dict[str, Any]:
    """Measure both jobs with each number of processes, and print a table as it comes."""
    repo = directory / "repo"
    create_repository(repo)
    paths = write_frames(directory, frames)
    with open_repository(repo, writeable=True) as butler:
        exposures = list(ingest_raws(butler, paths))
    rows: dict[str, Any] = {"frames": frames, "jobs": []}
    for count in processes:
        config = f"-j {count} --register-dataset-types"
        bias = run_job(repo, "cpBias", config, exposures, most_processes=None)
        config = f"-j {count} -i u/ocps/{bias['job']} --register-dataset-types"
        verify = run_job(repo, "verifyBias", config, exposures, most_processes=None)
        for row in (bias, verify):
            pipeline = "cpBias" if row is bias else "verifyBias"
            rows["jobs"].append(row | {"pipeline": pipeline, "processes": count})
            sys.stdout.write(
                f"{pipeline:12s} -j {count}  {frames} frames {row['seconds']:7.1f} s wall "
                f"{row['cpu_seconds']:7.1f} s cpu {row['peak_mb']:7.0f} MB "
                f"(limit {LIMITS[pipeline]:.0f} s)\n"
            )
            sys.stdout.flush()
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--processes", default="1", help="for example 1,2: values of -j")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        processes = [int(n) for n in args.processes.split(",")]
        rows = report(args.frames, processes, Path(directory))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
