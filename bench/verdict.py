# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How soon after the last readout darks are verified and decided on, and where the time goes.

The script takes the darks of a night at full size and in real time, shorter ones, in a simulated
observatory with reference calibrations, which take some minutes to make. Its jobs are forked, as in
``dailycal run``, from a process that has imported what they need.
"""

import argparse
import asyncio
import json
import os
import pathlib
import tempfile

from lsst.ts.dailycal.cli.script.path import scripts_directory
from lsst.ts.dailycal.cli.simulate.reference import prepare_repository
from lsst.ts.dailycal.forking import SERVER_VARIABLE
from lsst.ts.dailycal.model import (
    Decided,
    ExposureTaken,
    ImageIngested,
    ImageMeasured,
    JobAsked,
    JobFinished,
)
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.sim.config import FULL_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.forked import observatory_server
from lsst.ts.dailycal.testing.observatory import off_the_loop, simulated_observatory
from lsst.ts.dailycal.testing.script import ScriptRun

SCRIPT = scripts_directory() / "auxtel" / "make_latiss_calibrations.py"
STAGES = {
    "in the Butler (s)": ImageIngested,
    "measured (s)": ImageMeasured,
    "job asked for (s)": JobAsked,
    "job finished (s)": JobFinished,
    "decided (s)": Decided,
}
"""The last of each kind of event."""
LONGEST = 600.0
"""How long all but the exposures may take on a machine under load (s)."""
LIMIT = 8.0
"""How long after the last readout the verdict may come (s)."""


def main() -> None:
    """Print the times since the last readout; exit code 1 if the verdict is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--darks", type=int, default=22)
    parser.add_argument("--seconds", type=float, default=5.0, help="exposure time of the darks")
    parser.add_argument("--repository", type=pathlib.Path, help="one that is there already")
    parser.add_argument("--json", type=pathlib.Path, help="file for the results")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        repository = args.repository
        if repository is None:
            config = SimulationConfig(root=root / "made", frame=FULL_FRAME)
            prepare_repository(config, print)
            repository = config.repository
        with observatory_server() as server:
            os.environ[SERVER_VARIABLE] = server.address()
            results = asyncio.run(measure(root, repository, args.darks, args.seconds))
    print(json.dumps(results, indent=1))  # noqa: T201
    if args.json is not None:
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(results["decided (s)"] > LIMIT)


async def measure(
    directory: pathlib.Path, repository: pathlib.Path, darks: int, seconds: float
) -> dict[str, float]:
    """Take and verify darks.

    Raises
    ------
    RuntimeError
        If the script does not end well.
    """
    observatory = simulated_observatory(
        directory, repository=repository, time_scale=1.0, frame=FULL_FRAME
    )
    async with off_the_loop(observatory):
        script = ScriptRun(
            SCRIPT,
            {
                "script_mode": "DARK",
                "n_dark": darks,
                "n_discard_dark": 0,
                "exp_times_dark": seconds,
            },
        )
        result = await script.end(LONGEST + darks * (seconds + 5.0))
        journal = script.journal()
    if result.state != "DONE" or journal is None:
        raise RuntimeError(f"the script ended {result.state}: {result.text}")
    last: dict[type, float] = {}
    for line in journal.read_text(encoding="utf-8").splitlines():
        entry = RUN_CODEC.decode(line)
        last[type(entry.event)] = entry.tai
    taken = last[ExposureTaken]
    return {
        "darks": darks,
        **{stage: round(last[kind] - taken, 2) for stage, kind in STAGES.items()},
        "limit (s)": LIMIT,
        "load": round(os.getloadavg()[0], 1),
    }


if __name__ == "__main__":
    main()
