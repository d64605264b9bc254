# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal simulate``."""

__all__ = ["simulate"]

import contextlib
import os
import shlex
import typing
from collections.abc import Iterator
from pathlib import Path

import click

from ..help import ExampleCommand
from .options import SimulationOptions, make_config, simulation_options

if typing.TYPE_CHECKING:
    from ...sim.supervisor import SimulatedObservatory


@click.command(
    cls=ExampleCommand,
    examples=(
        "dailycal simulate --small --time-scale 20",
        "dailycal simulate --directory /tmp/observatory --fault camera_fault@DARK/5",
    ),
)
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False),
              default=Path("observatory"), show_default=True,
              help="Where everything is written; what is there is used again.")  # fmt: skip
@click.option("--time-scale", type=click.FloatRange(min=0, min_open=True), default=1.0,
              show_default=True, help="How much faster than real time exposures are.")  # fmt: skip
@click.option("--reference/--no-reference", default=True, show_default=True,
              help="Make reference calibrations, if there is no repository yet?")  # fmt: skip
@click.option("--enable", is_flag=True, help="Start with all components ENABLED.")
@click.option("--broker", metavar="HOST:PORT",
              help="Kafka broker to use, wherever it is. Without it, one on this machine; not for "
              "a salobj on DDS.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the environment as JSON.")
@simulation_options
def simulate(
    *,
    directory: Path,
    time_scale: float,
    reference: bool,
    enable: bool,
    broker: str | None,
    as_json: bool,
    simulation: SimulationOptions,
) -> None:
    """Start a simulated observatory, and leave it running until Ctrl-C.

    It prints the lines that make another terminal part of it, and has them in a file to source:
    environment.sh in its directory.
    """
    import asyncio

    from ...extras import require
    from ...sim.supervisor import ObservatoryOptions, SimulatedObservatory
    from ..output import error_console
    from ..page.session import START_TIMEOUT, component_groups, enable_queue
    from .database import refuse_other_database, require_database
    from .directory import claim_directory, refuse_other_frames
    from .reference import prepare_repository

    require("sal", "pipelines")
    claim_directory(directory, keep=True, yes=False)
    config = make_config(directory, simulation, time_scale=time_scale)
    refuse_other_frames(config)
    require_database(config)
    refuse_other_database(config)

    def tell(text: str) -> None:
        error_console().print(text, soft_wrap=True, markup=False)

    if reference and not (config.repository / "butler.yaml").exists():
        prepare_repository(config, tell)
    options = ObservatoryOptions(
        config,
        groups=component_groups(),
        state="enabled" if enable else "rest",
        broker=broker,
        start_timeout=START_TIMEOUT,
        on_wait=lambda names: tell(f"Waiting for {', '.join(names)}"),
    )

    running = False

    async def run() -> None:
        nonlocal running
        tell("Starting the components")
        async with SimulatedObservatory(options) as observatory:
            running = True
            os.environ.update(observatory.environment)
            # Only now: it takes its environment when it is imported.
            import lsst.ts.salobj as salobj

            async with salobj.Domain() as domain:
                await enable_queue(domain)  # a real one always is

            with _environment_file(observatory) as file:

                def ready() -> None:
                    _print_environment(observatory, file, as_json=as_json)
                    tell("Running; Ctrl-C ends it. In another terminal:")
                    tell(f". {shlex.quote(str(file))} && dailycal {'check' if enable else 'run'}")

                await observatory.wait(ready)
            tell("Ending the components")

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        # It came between two waits; everything has been ended all the same.
        if not running:
            raise


@contextlib.contextmanager
def _environment_file(observatory: "SimulatedObservatory") -> Iterator[Path]:
    """Have a file to source, for as long as there is something to be part of."""
    path = observatory.config.root.absolute() / "environment.sh"
    path.write_text("\n".join([*observatory.exports(), ""]), encoding="utf-8")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _print_environment(observatory: "SimulatedObservatory", file: Path, *, as_json: bool) -> None:
    if as_json:
        from ..output import print_json
        from ..printed import RunningObservatory, RunningProcess

        processes = tuple(
            RunningProcess(tuple(item.names), item.pid, str(item.log))
            for item in observatory.processes
        )
        print_json(RunningObservatory(dict(observatory.environment), processes, str(file)))
        return
    for item in observatory.processes:
        click.echo(f"# {', '.join(item.names)}: process {item.pid}, log {item.log}")
    for line in observatory.exports():
        click.echo(line)
