# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process on the other side of a test: it does one thing, says so, and waits for its end.

The end is the end of its standard input, so that it never outlives the test.
"""

from __future__ import annotations

import asyncio
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def peer(role: str, *arguments: object) -> Iterator[subprocess.Popen]:
    """Run a role in another process; the block begins when it is ready."""
    process = subprocess.Popen(
        [sys.executable, __file__, role, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        while "ready" not in (line := process.stdout.readline()):
            assert line or process.poll() is None, f"the {role} ended before it was ready"
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def ready() -> None:
    say("ready")


def writer(partition: str, samples: int) -> None:
    """Write samples for those who come late."""
    import dds
    from ddsutil.topicclass import TopicClass

    import conftest

    made = conftest.Pair(
        TopicClass(conftest.EVERY_TYPE), partition, dds.DDSDurabilityKind.TRANSIENT
    )
    for number in range(samples):
        made.writer.write(made.sample(TestID=1, long0=number))
    ready()
    sys.stdin.read()
    made.participant.close()


def meeting(partition: str, name: int, people: int) -> None:
    """Write one sample, and be ready when samples of everybody have come."""
    import dds
    from ddsutil.topicclass import TopicClass

    import conftest

    made = conftest.Pair(
        TopicClass(conftest.EVERY_TYPE), partition, dds.DDSDurabilityKind.TRANSIENT
    )
    made.writer.write(made.sample(TestID=name))
    condition = made.reader.create_readcondition([dds.DDSStateKind.ANY_STATE])
    waitset = dds.WaitSet()
    waitset.attach(condition)
    met: set[int] = set()
    deadline = time.monotonic() + 60
    while len(met) < people and time.monotonic() < deadline:
        waitset.wait(dds.DDSDuration(sec=1))
        met |= {data.TestID for data, _ in made.reader.take_cond(condition, 100)}
    say(f"ready: {len(met)}" if len(met) == people else f"met only {sorted(met)}")
    sys.stdin.read()
    made.participant.close()


async def csc(index: int) -> None:
    """Run salobj's own TestCsc."""
    from lsst.ts import salobj

    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "_labels.yaml").write_text("{}\n")
        component = salobj.TestCsc(index, config_dir=folder, initial_state=salobj.State.ENABLED)
        async with component:
            ready()
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, role, *arguments = sys.argv
    if role == "writer":
        writer(arguments[0], int(arguments[1]))
    elif role == "meeting":
        meeting(arguments[0], int(arguments[1]), int(arguments[2]))
    elif role == "csc":
        asyncio.run(csc(int(arguments[0])))
