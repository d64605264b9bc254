# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ten readers of the live page: what they cost a full-size run, and the server's memory.

Runs of the script in one simulated observatory, at full size and in real time, have readers and
have none by turns; what is compared is the time from the first exposure to the last, by pairs.
Each reader follows the events of the run under way as a browser does: whenever something has
changed he loads the pictures that are new, the plots, and now and then the whole page.
"""

import argparse
import asyncio
import collections
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import typing
import urllib.error
import urllib.request
from collections.abc import Iterator

import psutil
from acquisition import acquire

from lsst.ts.dailycal.butler.repository import create_repository
from lsst.ts.dailycal.sim.config import FULL_FRAME
from lsst.ts.dailycal.testing.observatory import off_the_loop, simulated_observatory

PROGRAM = [sys.executable, "-c", "from lsst.ts.dailycal.cli.main import main; main()"]
READERS = 10
LIMIT = 1.05
"""How many times as long the exposures may take with readers: the noise of this."""
GROWTH = 1.1
"""How many times as large the server may be after the last run as after the third one."""
_PICTURES = re.compile(rb'src=\\"(/runs/[^"\\]+)\\"')
_PATIENCE = 60.0


def main() -> None:
    """Print the result, and write it as JSON; exit code 1 if it is above a limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10, help="runs with readers, and without")
    parser.add_argument("--frames", type=int, default=8, help="biases of each run")
    parser.add_argument("--json", type=pathlib.Path, help="file for the results")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        results = asyncio.run(measure(pathlib.Path(name), args.pairs, args.frames))
    print(json.dumps(results, indent=1))  # noqa: T201
    if args.json is not None:
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(results["ratio"] > LIMIT or results["growth of the server"] > GROWTH)


async def measure(directory: pathlib.Path, pairs: int, frames: int) -> dict[str, typing.Any]:
    """Make the runs by turns."""
    repository = directory / "empty"
    await asyncio.to_thread(create_repository, repository)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    memory: list[float] = []
    counts = collections.Counter[str]()
    observatory = simulated_observatory(
        directory, repository=repository, time_scale=1.0, frame=FULL_FRAME
    )
    async with off_the_loop(observatory) as simulated:
        butler = simulated.observatory.config.repository
        with serving(simulated.journals, butler) as (address, server):
            # The first one opens and caches what the others find, and is not counted.
            await acquire(1, measured=True)
            for number in range(pairs):
                for read in (number % 2 == 0, number % 2 == 1):
                    readers = reading(address, simulated.journals, counts)
                    with readers if read else contextlib.nullcontext():
                        run = await acquire(frames, measured=True)
                    seconds[read].append(run.seconds)
                    if read:
                        memory.append(resident(server))
                print(f"pair {number + 1}: {seconds}, {memory}", file=sys.stderr)  # noqa: T201
    ratios = [one / other for one, other in zip(seconds[True], seconds[False], strict=True)]
    settled = memory[min(2, len(memory) - 1)]
    return {
        "frames of each run": frames,
        "a frame, nobody reads (s)": round(statistics.median(seconds[False]), 3),
        f"a frame, {READERS} readers (s)": round(statistics.median(seconds[True]), 3),
        "ratio": round(statistics.median(ratios), 3),
        "ratio of each pair": [round(item, 3) for item in ratios],
        "what was read": dict(counts),
        "memory of the server after each run that was read (MB)": [round(m) for m in memory],
        "growth of the server": round(memory[-1] / settled, 3),
        "load": round(os.getloadavg()[0], 1),
    }


def resident(server: psutil.Process) -> float:
    """Return what a server and its process for pictures hold, in MB."""
    return sum(item.memory_info().rss / 1e6 for item in (server, *server.children(recursive=True)))


@contextlib.contextmanager
def serving(
    journals: pathlib.Path, repository: pathlib.Path
) -> Iterator[tuple[str, psutil.Process]]:
    """Serve the live page."""
    command = [*PROGRAM, "serve", "--directory", str(journals), "--repo", str(repository),
               "--port", "0"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            yield process.stdout.readline().strip(), psutil.Process(process.pid)
        finally:
            process.terminate()


@contextlib.contextmanager
def reading(
    address: str, journals: pathlib.Path, counts: collections.Counter[str]
) -> Iterator[None]:
    """Read as ten people would, until it is left."""
    known = {path.stem for path in journals.glob("*.jsonl")}
    ended = threading.Event()

    def read() -> None:
        while not ended.wait(0.5):
            for run in {path.stem for path in journals.glob("*.jsonl")} - known:
                with contextlib.suppress(OSError):
                    follow(address, run, ended, counts)

    threads = [threading.Thread(target=read, daemon=True) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join(_PATIENCE)


def follow(
    address: str, run: str, ended: threading.Event, counts: collections.Counter[str]
) -> None:
    """Load a page, and follow its events to the end; a picture is loaded when it is new."""
    pages = ("", f"runs/{run}", f"runs/{run}.json", "static/style.css", "static/live.js")
    for path in pages:
        load(f"{address}{path}", counts)
    seen: set[bytes] = set()
    with urllib.request.urlopen(f"{address}runs/{run}/events", timeout=_PATIENCE) as events:  # noqa: S310
        while (line := events.readline()) and not ended.is_set():
            if line.startswith(b"event: over"):
                return
            counts["events"] += line.startswith(b"event: parts")
            for path in set(_PICTURES.findall(line)) - seen:
                seen.add(path)
                load(address + path.decode().lstrip("/"), counts)


def load(address: str, counts: collections.Counter[str]) -> None:
    """Load a page or a picture; what is not there yet is counted."""
    kind = "pictures" if address.partition("?")[0].endswith((".png", ".svg")) else "pages"
    try:
        with urllib.request.urlopen(address, timeout=_PATIENCE) as answer:  # noqa: S310
            answer.read()
    except urllib.error.HTTPError:
        kind = f"{kind} that were not there"
    counts[kind] += 1


if __name__ == "__main__":
    main()
