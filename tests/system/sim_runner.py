# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a simulated observatory for a test: settings in, ``name=value`` lines out, then wait."""

import asyncio
import pathlib
import sys

from lsst.ts.dailycal.sim.config import SimulationConfig
from lsst.ts.dailycal.sim.supervisor import (
    ObservatoryError,
    ObservatoryOptions,
    SimulatedObservatory,
)


async def main(config: SimulationConfig) -> None:
    try:
        async with SimulatedObservatory(ObservatoryOptions(config)) as observatory:
            for name, value in observatory.environment.items():
                sys.stdout.write(f"{name}={value}\n")
            sys.stdout.write("UP\n")
            sys.stdout.flush()
            await observatory.wait()
    except ObservatoryError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    asyncio.run(main(SimulationConfig.load(pathlib.Path(sys.argv[1]))))
