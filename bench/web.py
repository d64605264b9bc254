# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ten readers of the live page: what they cost the run, and the server's memory.

Runs of the script in one simulated observatory, with and without readers by turns, are compared by
the time that their exposures took. Each reader follows the events of the run that goes on, and
loads page and pictures again and again.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import psutil

PROGRAM = [sys.executable, "-c", "from lsst.ts.dailycal.cli.main import main; main()"]
SHORT = ("n_bias=5", "n_dark=5", "exp_times_dark=5", "accept_rule=exposures")
SCALE = "5"
"""Faster than at the telescope, so that the readers have less time than there."""
READERS = 10


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3, help="runs with readers, and without")
    parser.add_argument("--json", type=pathlib.Path, help="file for the results")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        results = measure(pathlib.Path(name) / "run", args.pairs)
    for key, value in results.items():
        print(f"{key}: {value}")  # noqa: T201
    if args.json is not None:
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def measure(directory: pathlib.Path, pairs: int) -> dict[str, object]:
    """Make the runs by turns."""
    journals = directory / "journal"
    rehearse(directory)  # makes the repository, and is not counted
    times: dict[str, list[float]] = {"without": [], "with": []}
    memory: list[float] = []
    with serving(journals) as (address, server):
        for _ in range(pairs):
            times["without"].append(rehearse(directory))
            with reading(address, journals):
                times["with"].append(rehearse(directory))
            memory.append(server.memory_info().rss / 1e6)
    medians = {key: statistics.median(values) for key, values in times.items()}
    return {
        "acquisition without readers (s)": round(medians["without"], 2),
        f"acquisition with {READERS} readers (s)": round(medians["with"], 2),
        "ratio": round(medians["with"] / medians["without"], 3),
        "memory of the server after each run with readers (MB)": [round(item) for item in memory],
    }


def rehearse(directory: pathlib.Path) -> float:
    """Run the script once, and return how long its exposures took, in seconds."""
    words = [word for pair in SHORT for word in ("-p", pair)]
    subprocess.run(
        [*PROGRAM, "rehearse", "--small", "--keep", "--json", "--time-scale", SCALE,
         "--directory", str(directory), *words],
        check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600,
        env={**os.environ, "DAILYCAL_REPORT": "no"},
    )  # fmt: skip
    output = subprocess.run(
        [*PROGRAM, "status", "--last", "--json", "--directory", str(directory / "journal")],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return sum(item["acquisition_time"] for item in json.loads(output)["calibrations"])


@contextlib.contextmanager
def serving(journals: pathlib.Path) -> Iterator[tuple[str, psutil.Process]]:
    """Serve the live page."""
    command = [*PROGRAM, "serve", "--directory", str(journals), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            yield process.stdout.readline().strip(), psutil.Process(process.pid)
        finally:
            process.terminate()


@contextlib.contextmanager
def reading(address: str, journals: pathlib.Path) -> Iterator[None]:
    """Read as ten people would, until it is left."""
    known = {path.stem for path in journals.glob("*.jsonl")}
    ended = threading.Event()

    def read() -> None:
        while not ended.wait(1.0):
            new = {path.stem for path in journals.glob("*.jsonl")} - known
            for run in new:
                with contextlib.suppress(OSError, urllib.error.URLError):
                    follow(f"{address}runs/{run}", ended)

    threads = [threading.Thread(target=read, daemon=True) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join(20.0)


def follow(run: str, ended: threading.Event) -> None:
    """Load the page and its pictures, and follow its events for some seconds."""
    for part in ("", "/plots/noise.svg", ".json"):
        with urllib.request.urlopen(f"{run}{part}", timeout=60) as answer:  # noqa: S310
            answer.read()
    until = time.monotonic() + 5.0
    with urllib.request.urlopen(f"{run}/events", timeout=20) as events:  # noqa: S310
        while time.monotonic() < until and not ended.is_set():
            if not events.readline():
                return


if __name__ == "__main__":
    main()
