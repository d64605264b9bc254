# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal serve``."""

__all__ = ["DEFAULT_PORT", "serve"]

from pathlib import Path

import click

from ..errors import CommandError
from ..exit_codes import ExitCode
from ..help import ExampleCommand
from ..report.sources import REPOSITORY_OPTION
from ..runs.directory import DIRECTORY_OPTION

DEFAULT_PORT = 8467


@click.command(
    cls=ExampleCommand,
    examples=(
        "dailycal serve",
        "dailycal serve page-20261123T143000-4711",
        "dailycal serve --directory run/journal --port 9000",
    ),
)
@click.argument("run", required=False)
@DIRECTORY_OPTION
@REPOSITORY_OPTION
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at. With "
              "another one, everybody who reaches it can read the page.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True,
              help="Port to listen at; 0 for any that is free.")  # fmt: skip
def serve(
    run: str | None, *, directory: Path | None, repository: str | None, host: str, port: int
) -> int:
    """Show runs in a browser, those under way and those of before, until Ctrl-C.

    The page reads journals, and changes nothing. RUN is the one to begin with; the list of all
    runs by default.
    """
    import asyncio

    from ...extras import require
    from .source import LocalRuns

    require("views")
    source = LocalRuns(directory, repository)
    if run is not None:
        try:
            source.find(run)
        except LookupError as error:
            raise CommandError(str(error.args[0]), ExitCode.NOT_FOUND) from None
    try:
        asyncio.run(_serve(source, host, port, f"runs/{run}" if run else ""))
    except OSError as error:
        raise CommandError(
            f"Nothing can listen at {host}:{port}: {error.strerror}. Choose another one: --port 0 "
            "takes any that is free.",
            ExitCode.BUSY,
        ) from error
    except KeyboardInterrupt:
        click.echo("Ended.", err=True)
    return ExitCode.OK


async def _serve(source: object, host: str, port: int, path: str) -> None:
    import asyncio
    import ipaddress
    import signal

    from aiohttp import web

    from ...web.app import LOOPBACK, make_app
    from .pictures import make_frame, read_tests

    try:
        is_local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_local = host == "localhost"
    if not is_local:
        click.echo(f"Everybody who reaches {host} can read the page.", err=True)
    hosts = LOOPBACK if is_local else None
    app = make_app(source, make_frame, read_tests, hosts=hosts)  # type: ignore[arg-type]
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0][1]
        name = f"[{host}]" if ":" in host else host
        click.echo(f"http://{name}:{bound}/{path}")
        await ended.wait()
    finally:
        await runner.cleanup()
