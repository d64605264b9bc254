# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal run``."""

__all__ = ["run"]

import asyncio
import contextlib
import signal
import time
import typing
from collections.abc import AsyncIterator
from pathlib import Path

import click

from .errors import CommandError
from .exit_codes import EXIT_CODES_HELP, ExitCode
from .help import ExampleCommand
from .page_options import (
    Place,
    check_options,
    make_place,
    make_settings,
    place_options,
    read_file,
)

if typing.TYPE_CHECKING:
    from rich.console import Console

    from ..model import PageOutcome, PagePlan
    from ..run import CheckSettings, PageRun
    from .page_view import PageView


@click.command(
    cls=ExampleCommand,
    epilog=EXIT_CODES_HELP,
    examples=(
        "dailycal run --small",
        "dailycal run --dry-run",
        "dailycal run --real --time-available 20min",
        "dailycal run --real --from-step calibrations --config-for calibrations short.yaml",
    ),
)
@click.option("--procedure", "name", default="bias-dark", show_default=True,
              help="Page to carry out.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print the plan and its times, and do nothing.")
@click.option("--from-step", default="", metavar="STEP", help="Begin with this step.")
@click.option("--skip-step", "skip", multiple=True, metavar="STEP",
              help="Leave a step out; can be repeated.")  # fmt: skip
@click.option("--config-for", "config_files", type=(str, click.Path(path_type=Path)),
              multiple=True, metavar="STEP FILE",
              help="YAML configuration of a step's script; can be repeated.")  # fmt: skip
@click.option("--leave-enabled", is_flag=True, help="Leave LATISS ENABLED, to go on working.")
@click.option("--time-available", metavar="TIME", help="Skip the page if it does not fit into "
              "this time, e.g. 12min; exit code 75.")  # fmt: skip
@click.option("--resume-queue", is_flag=True, help="Resume the queue if it is paused.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@check_options
@place_options
def run(
    *,
    name: str,
    dry_run: bool,
    from_step: str,
    skip: tuple[str, ...],
    config_files: tuple[tuple[str, Path], ...],
    leave_enabled: bool,
    time_available: str | None,
    resume_queue: bool,
    as_json: bool,
    limits_file: Path | None,
    accepted: tuple[str, ...],
    data_path: str,
    real: bool,
    queue: int,
    directory: Path,
    time_scale: float | None,
    seed: int,
    small: bool,
    faults: tuple[str, ...],
) -> int:
    """Carry out a whole procedure page through a script queue.

    Every step is the script that the page names. Preconditions are checked before anything
    moves, the summit is told, and LATISS is left in STANDBY. In a simulated observatory, unless
    --real is given: in one that the environment is set up for, else in one of its own.
    """
    from ..procedure import PageOptions, make_page_plan

    plan = make_page_plan(
        find_procedure(name),
        PageOptions(
            from_step=from_step,
            skip=skip,
            configurations={step: read_file(path) for step, path in config_files},
            leave_enabled=leave_enabled,
        ),
    )
    place = make_place(
        real=real, queue=queue, directory=directory, time_scale=time_scale,
        seed=seed, small=small, faults=faults,
    )  # fmt: skip
    available = _seconds(time_available)
    if dry_run:
        show_plan(plan, place, as_json=as_json)
    if available is not None and not _fits(plan, available, as_json=as_json):
        return ExitCode.NO_TIME
    if dry_run:
        return ExitCode.OK
    settings = make_settings(
        place, limits_file=limits_file, accepted=accepted, data_path=data_path,
        may_resume=resume_queue,
    )  # fmt: skip
    command = "dailycal run --real" if real else "dailycal run"
    return carry_out(
        plan, place, settings, command=command, resume_queue=resume_queue, as_json=as_json
    )


def find_procedure(name: str) -> typing.Any:
    """Find a page by its name.

    Raises
    ------
    CommandError
        If there is none of that name.
    """
    from ..procedure import PROCEDURES

    if name not in PROCEDURES:
        known = ", ".join(PROCEDURES)
        raise CommandError(f"There is no procedure {name!r}; known: {known}.", ExitCode.USAGE)
    return PROCEDURES[name]


def show_plan(plan: "PagePlan", place: Place, *, as_json: bool) -> None:
    """Print a plan."""
    from .output import make_console, print_json

    if as_json:
        from ..report.plain import to_plain

        print_json({"event": "Plan", "duration": plan.duration, "place": place.name,
                    "steps": to_plain(plan.steps)})  # fmt: skip
        return
    from .page_tables import plan_view

    make_console().print(plan_view(plan, place.name))


def carry_out(
    plan: "PagePlan",
    place: Place,
    settings: "CheckSettings",
    *,
    command: str,
    resume_queue: bool,
    as_json: bool,
) -> int:
    """Carry a plan out, show how it goes, and return the exit code.

    Raises
    ------
    CommandError
        If another run is under way.
    """
    from ..model import PageBusyError
    from ..run import PageLock, page_directory
    from .output import make_console, print_json
    from .page_session import claim_place, prepare_place
    from .page_view import JsonPageView, PageView, RichPageView

    console = make_console()
    view: PageView = JsonPageView() if as_json else RichPageView(console, plan)
    claim_place(place)
    begin = time.time()
    try:
        with PageLock(page_directory()).hold(f"{plan.procedure.name} on {place.name}"):
            prepare_place(place, view.tell)
            with view:
                outcome = asyncio.run(
                    _run(plan, place, settings, view, command=command, resume_queue=resume_queue)
                )
    except PageBusyError as error:
        raise CommandError(str(error), ExitCode.BUSY) from None
    if as_json:
        from ..report.plain import to_plain

        print_json({"event": "Outcome", "succeeded": outcome.succeeded, **to_plain(outcome)})
    else:
        from .page_tables import outcome_view

        console.print()
        console.print(outcome_view(outcome, plan))
        _show_calibrations(place, begin, console)
    if outcome.succeeded:
        return ExitCode.OK
    return ExitCode.INTERRUPTED if outcome.stopped else ExitCode.FAILED


def _show_calibrations(place: Place, begin: float, console: "Console") -> None:
    """Show what became of the calibrations, where their journal is on this machine."""
    if place.own is None:
        return  # the script has its journal on the machine of the queue
    from ..report import read_records, summarize_run
    from ..report.table import render_outcome

    root = place.own.root
    paths = [path for path in (root / "journal").glob("*.jsonl") if path.stat().st_mtime >= begin]
    where = {name: str(root / name) for name in ("repo", "raw", "logs", "journal")}
    for path in sorted(paths):
        console.print()
        console.print(render_outcome(summarize_run(read_records(path)), where))


async def _run(
    plan: "PagePlan",
    place: Place,
    settings: "CheckSettings",
    view: "PageView",
    *,
    command: str,
    resume_queue: bool,
) -> "PageOutcome":
    from ..run import FileStorage, PageChecks, PageJournal, PageRun, page_directory
    from .page_session import new_run_id, session

    run_id = new_run_id()
    path = page_directory() / f"{run_id}.jsonl"
    async with session(place, plan.to_do, view.tell, view.tell) as ports:
        page = PageRun(
            run_id,
            plan,
            ports,
            checks=PageChecks(ports, settings),
            journal=PageJournal(FileStorage(path), ports.clock, [view]),
            command=command,
        )
        view.tell(f"Journal: {path}")
        async with _interrupts(page, view):
            return await page.execute(resume_queue=resume_queue)


@contextlib.asynccontextmanager
async def _interrupts(page: "PageRun", view: "PageView") -> AsyncIterator[None]:
    """Let the first Ctrl-C stop the script under way, and the second one leave it behind."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    asked = False

    def interrupt() -> None:
        nonlocal asked
        if asked and task is not None:
            view.tell("Left; the script under way goes on in the queue.")
            task.cancel()
            return
        asked = True
        view.tell("Stopping the script under way; Ctrl-C again leaves it behind.")
        page.stop()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    except asyncio.CancelledError:
        if not asked:
            raise
        raise KeyboardInterrupt from None
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _seconds(text: str | None) -> float | None:
    from ..procedure import parse_duration

    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.UsageError(f"--time-available: {error}.") from None


def _fits(plan: "PagePlan", available: float, *, as_json: bool) -> bool:
    """Tell whether there is time enough; say so if there is not."""
    from ..procedure import fits, format_duration

    if fits(plan, available):
        return True
    if as_json:
        from .output import print_json

        print_json({"event": "Skipped", "needed": plan.duration, "available": available})
    else:
        click.echo(
            f"Skipped: {plan.procedure.title} takes about {format_duration(plan.duration)}, "
            f"and there are {format_duration(available)}.\n"
            "Nothing was started. The page's contingency: without time enough, skip it."
        )
    return False
