# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run fake CSCs as a program: ``python -m lsst.ts.dailycal.sim.programs NAME [NAME ...]``.

The settings of the observatory are in the file that ``DAILYCAL_SIM_CONFIG`` names. A line
``READY NAME`` on standard output says that a component beats; the log is on standard error.
"""

__all__ = ["ATCS", "LATISS", "PROGRAMS", "main"]

import argparse
import asyncio
import importlib
import logging
import signal
import sys
import typing
from collections.abc import Sequence
from pathlib import Path

from .config import CONFIG_VARIABLE, SimulationConfig

LATISS = ("ATCamera", "ATSpectrograph", "ATHeaderService", "ATOODS", "OCPS:1")
"""The components that take and process images with LATISS."""
ATCS = ("ATMCS", "ATPtg", "ATAOS", "ATPneumatics", "ATHexapod", "ATDome", "ATDomeTrajectory")
"""The components of the telescope."""

_CSC = "lsst.ts.dailycal.sim.csc"
PROGRAMS = {
    "ATCamera": f"{_CSC}.camera.csc:SimATCamera",
    "ATSpectrograph": f"{_CSC}.atspectrograph:SimATSpectrograph",
    "ATHeaderService": f"{_CSC}.atheaderservice:SimATHeaderService",
    "ATOODS": f"{_CSC}.atoods:SimATOODS",
    "OCPS:1": f"{_CSC}.ocps:SimOCPS",
    **{name: f"{_CSC}.telescope.csc:Sim{name}" for name in ATCS},
    "Scheduler:2": f"{_CSC}.scheduler:SimScheduler",
    "Watcher": f"{_CSC}.watcher:SimWatcher",
    "ScriptQueue:2": "lsst.ts.dailycal.sim.queue.csc:SimScriptQueue",
}
"""Class of each component: called with the settings and ``initial_state``."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run components until they are told to end.

    Parameters
    ----------
    argv : `~collections.abc.Sequence` [`str`], optional
        Arguments; by default those of the command line.

    Returns
    -------
    exit_code : `int`
        0; 1 if a component could not be started.
    """
    arguments = _parse(argv)
    logging.basicConfig(
        stream=sys.stderr,
        level=arguments.log_level,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    config = SimulationConfig.load(arguments.config).started()
    return asyncio.run(_run(arguments.names, config, arguments.state))


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run_sim", description="Run simulated components of the observatory."
    )
    parser.add_argument("names", nargs="+", choices=sorted(PROGRAMS), metavar="NAME",
                        help=f"Component: {', '.join(PROGRAMS)}.")  # fmt: skip
    parser.add_argument("--config", type=Path, help=f"Settings; default: ${CONFIG_VARIABLE}.")
    parser.add_argument("--state", choices=("rest", "standby", "disabled", "enabled"),
                        default="rest", help="State to go to at the start.")  # fmt: skip
    parser.add_argument("--log-level", default="INFO", help="Level of the log.")
    return parser.parse_args(argv)


async def _run(names: Sequence[str], config: SimulationConfig, state: str) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    _listen_for_signals(stop)
    components = {name: _make(name, config, state) for name in names}
    # Before any of them runs: a fault that strikes early may silence one at once.
    beats = {name: component.heartbeat_interval for name, component in components.items()}
    try:
        for name, component in components.items():
            await component.start_task
            # Again: salobj 8 takes the signals for the component that was started last, and
            # then the others of this process would never hear of the end.
            _listen_for_signals(stop)
            # It beats as soon as its loop has come round once.
            loop.call_later(beats[name], _announce, name)
        await _until_stopped(stop, components.values())
    except Exception:
        # Whatever kept a component from starting, the log has to say it.
        logging.getLogger("run_sim").exception("A component could not be started.")
        return 1
    finally:
        await asyncio.gather(*(component.close() for component in components.values()))
    return 0


def _listen_for_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


def _make(name: str, config: SimulationConfig, state: str) -> typing.Any:
    module, _, factory = PROGRAMS[name].partition(":")
    make = getattr(importlib.import_module(module), factory)
    if state == "rest":
        return make(config)
    from lsst.ts.salobj import State

    return make(config, initial_state=State[state.upper()])


def _announce(name: str) -> None:
    sys.stdout.write(f"READY {name}\n")
    sys.stdout.flush()


async def _until_stopped(stop: asyncio.Event, components: typing.Iterable[typing.Any]) -> None:
    """Wait until somebody ends the program, or every component was told to exit."""
    signalled: asyncio.Future[typing.Any] = asyncio.ensure_future(stop.wait())
    # Not gathered, which would cancel what salobj itself wants to set.
    exited: asyncio.Future[typing.Any] = asyncio.ensure_future(
        asyncio.wait([component.done_task for component in components])
    )
    try:
        await asyncio.wait([signalled, exited], return_when=asyncio.FIRST_COMPLETED)
    finally:
        signalled.cancel()
        exited.cancel()


if __name__ == "__main__":
    sys.exit(main())
