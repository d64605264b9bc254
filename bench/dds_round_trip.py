# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of salobj on the stand-ins: a command, a start, and rest.

Prints a table and one line of JSON. The round trip is between two processes: a Remote
sends a command to a TestCsc and waits for the final acknowledgement.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import dds
import psutil

warnings.simplefilter("ignore")
os.environ.setdefault("LSST_DDS_PARTITION_PREFIX", f"bench{os.getpid()}")
# A domain where nobody else talks: the measured processes would have to listen.
os.environ.setdefault("LSST_DDS_DOMAIN_ID", str(dds.free_domain()))

from lsst.ts import salobj  # noqa: E402 the partition comes first

LARGE_COMPONENT = "ATCamera"
INDEX = 7


async def serve(config_dir: str) -> None:
    """Run a TestCsc until it is told to stop."""
    csc = salobj.TestCsc(index=INDEX, config_dir=config_dir, initial_state=salobj.State.ENABLED)
    await csc.start_task
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await csc.done_task


async def measure_round_trips(count: int) -> tuple[list[float], list[float]]:
    """Return how long commands took (s): plain ones, and ones that make an event and telemetry."""
    plain, writing = [], []
    async with salobj.Domain() as domain, salobj.Remote(domain, "Test", INDEX) as remote:
        for number in range(count + 20):
            begin = time.perf_counter()
            await remote.cmd_setLogLevel.set_start(level=20, timeout=10)
            middle = time.perf_counter()
            await remote.cmd_setScalars.set_start(int0=number, timeout=10)
            plain.append(middle - begin)
            writing.append(time.perf_counter() - middle)
    return plain[20:], writing[20:]


async def measure_start() -> tuple[float, int]:
    """Return how long a large component takes to start (s), and its number of topics."""
    begin = time.perf_counter()
    async with (
        salobj.Controller(LARGE_COMPONENT, do_callbacks=False) as controller,
        salobj.Remote(controller.domain, LARGE_COMPONENT) as remote,
    ):
        await asyncio.gather(controller.start_task, remote.start_task)
        duration = time.perf_counter() - begin
        topics = len(controller.salinfo.sal_topic_names)
    return duration, topics


def measure_rest(process: psutil.Process, seconds: float) -> float:
    """Return the part of a core that a process uses (%)."""
    before, begin = process.cpu_times(), time.perf_counter()
    time.sleep(seconds)
    after, end = process.cpu_times(), time.perf_counter()
    used = after.user + after.system - before.user - before.system
    return 100 * used / (end - begin)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many commands")
    parser.add_argument("--rest", type=float, default=10.0, help="how long to watch rest (s)")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.serve))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "_labels.yaml").write_text("{}\n", encoding="utf-8")
        server = subprocess.Popen(
            [sys.executable, __file__, "--serve", folder], stdout=subprocess.PIPE, text=True
        )
        try:
            while (server.stdout.readline() if server.stdout else "").strip() != "ready":
                if server.poll() is not None:
                    sys.stderr.write("the TestCsc did not start\n")
                    return 1
            durations, writing = asyncio.run(measure_round_trips(arguments.count))
            rest = measure_rest(psutil.Process(server.pid), arguments.rest)
        finally:
            server.terminate()
            server.wait()
    starts = [asyncio.run(measure_start()) for _ in range(3)]
    start, topics = min(starts)
    percentile = statistics.quantiles(durations, n=100)[98]
    figures = {
        "round_trip_median_ms": round(1e3 * statistics.median(durations), 3),
        "round_trip_p99_ms": round(1e3 * percentile, 3),
        "round_trip_with_event_median_ms": round(1e3 * statistics.median(writing), 3),
        "first_start_s": round(starts[0][0], 3),
        "start_s": round(start, 3),
        "start_topics": topics,
        "rest_cpu_percent": round(rest, 2),
    }
    rows = [
        ("command round trip, median", f"{figures['round_trip_median_ms']} ms", "1 ms"),
        ("command round trip, 99th percentile", f"{figures['round_trip_p99_ms']} ms", ""),
        (
            "the same with an event and telemetry",
            f"{figures['round_trip_with_event_median_ms']} ms",
            "",
        ),
        (f"start of {topics} topics, first", f"{figures['first_start_s']} s", "1 s"),
        (f"start of {topics} topics, best of 3", f"{figures['start_s']} s", "1 s"),
        ("a CSC at rest, part of a core", f"{figures['rest_cpu_percent']} %", "2 %"),
    ]
    for what, figure, limit in rows:
        sys.stdout.write(f"{what:40} {figure:>12}  {'at most ' + limit if limit else ''}\n")
    sys.stdout.write(json.dumps({"dds": figures}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
