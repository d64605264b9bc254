# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out the plan of a page from the command line, and show how it goes."""

__all__ = ["carry_out", "show_plan"]

import asyncio
import contextlib
import signal
import time
import typing
from collections.abc import AsyncIterator

from ..errors import CommandError
from ..exit_codes import ExitCode
from .options import Place

if typing.TYPE_CHECKING:
    from rich.console import Console

    from ...page import CheckSettings, PageOutcome, PagePlan, PageRun
    from .view import PageView


def show_plan(plan: "PagePlan", place: Place, *, as_json: bool) -> None:
    """Print a plan."""
    from ..output import make_console, print_json

    if as_json:
        from ...report.plain import to_plain

        print_json({"event": "Plan", "duration": plan.duration, "place": place.name,
                    "steps": to_plain(plan.steps)})  # fmt: skip
        return
    from .tables import plan_view

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
    from ...model import PageBusyError
    from ...page import page_directory, page_lock
    from ..output import make_console, print_json
    from .session import claim_place, prepare_place
    from .view import JsonPageView, PageView, RichPageView

    console = make_console()
    view: PageView = JsonPageView() if as_json else RichPageView(console, plan)
    claim_place(place)
    begin = time.time()
    try:
        with page_lock(page_directory()).hold(f"{plan.procedure.name} on {place.name}"), view:
            prepare_place(place, view.tell)
            outcome = asyncio.run(
                _run(plan, place, settings, view, command=command, resume_queue=resume_queue)
            )
    except PageBusyError as error:
        raise CommandError(str(error), ExitCode.BUSY) from None
    if as_json:
        from ...report.plain import to_plain

        print_json({"event": "Outcome", "succeeded": outcome.succeeded, **to_plain(outcome)})
    else:
        from .tables import outcome_view

        console.print()
        console.print(outcome_view(outcome, plan))
        _show_calibrations(place, plan, outcome, console, begin=begin, command=command)
    if outcome.succeeded:
        return ExitCode.OK
    return ExitCode.INTERRUPTED if outcome.stopped else ExitCode.FAILED


def _show_calibrations(
    place: Place,
    plan: "PagePlan",
    outcome: "PageOutcome",
    console: "Console",
    *,
    begin: float,
    command: str,
) -> None:
    """Show what became of the calibrations, where their journal is on this machine."""
    if place.own is None:
        return  # the script has its journal on the machine of the queue
    from ...page import how_to_finish
    from ...report import summarize_run
    from ...report.table import render_outcome
    from ...run import read_run_entries

    root = place.own.root
    paths = [path for path in (root / "journal").glob("*.jsonl") if path.stat().st_mtime >= begin]
    where = {name: str(root / name) for name in ("repo", "raw", "logs", "journal")}
    for path in sorted(paths):
        console.print()
        summary = summarize_run(read_run_entries(path))
        console.print(render_outcome(summary, where))
        told = any(summary.run_id in line for line in outcome.advice)
        step = next((item.name for item in plan.to_do if item.takes_images), "")
        if summary.status != "done" and step and not told:
            console.print(how_to_finish(step, summary.run_id, command), soft_wrap=True)


async def _run(
    plan: "PagePlan",
    place: Place,
    settings: "CheckSettings",
    view: "PageView",
    *,
    command: str,
    resume_queue: bool,
) -> "PageOutcome":
    from ...journal import FileStorage
    from ...page import PageChecks, PageJournal, PageRun, page_directory
    from .session import new_run_id, session

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
