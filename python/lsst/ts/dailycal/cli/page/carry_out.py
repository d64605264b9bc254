# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out the plan of a page from the command line, and show how it goes."""

__all__ = ["carry_out", "show_plan"]

import asyncio
import contextlib
import functools
import signal
import time
import typing
from collections.abc import AsyncIterator, Callable

from ..errors import CommandError, Left
from ..exit_codes import ExitCode
from .options import Place

if typing.TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from ...page import CheckSettings, PageOutcome, PagePlan, PageRun
    from ...report.summary import CalibrationSummary
    from .resume import Resumption
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
    plain: bool = False,
    quiet: bool = False,
    resumption: "Resumption | None" = None,
    serve: bool = False,
) -> int:
    """Carry a plan out, show how it goes, and return the exit code.

    Raises
    ------
    CommandError
        If another run is under way.
    """
    from ...model import PageBusyError
    from ...page import page_directory, page_lock
    from ..output import make_console
    from ..watch.display import choose_style
    from .session import claim_place, prepare_place
    from .view import JsonPageView, PageView, RichPageView

    console = make_console()
    claim_place(place)
    simulation = place.simulation
    view: PageView = (
        JsonPageView()
        if as_json
        else RichPageView(
            console,
            plan,
            scale=simulation.time_scale if simulation is not None else 1.0,
            journals=page_directory().parent,
            style=choose_style(console, plain=plain, quiet=quiet),
        )
    )
    begin = time.time()
    try:
        with (
            page_lock(page_directory()).hold(f"{plan.procedure.name} on {place.name}"),
            _served(page_directory().parent, view.tell) if serve else contextlib.nullcontext(),
            view,
        ):
            prepare_place(place, view.tell)
            outcome = asyncio.run(
                _run(
                    plan,
                    place,
                    settings,
                    view,
                    command=command,
                    resume_queue=resume_queue,
                    resumption=resumption,
                )
            )
    except PageBusyError as error:
        raise CommandError(str(error), ExitCode.BUSY) from None
    _tell_outcome(plan, place, outcome, console, begin=begin, as_json=as_json)
    if outcome.succeeded:
        return ExitCode.REJECTED if outcome.rejection else ExitCode.OK
    return ExitCode.INTERRUPTED if outcome.stopped else ExitCode.FAILED


def _tell_outcome(
    plan: "PagePlan",
    place: Place,
    outcome: "PageOutcome",
    console: "Console",
    *,
    begin: float,
    as_json: bool,
) -> None:
    """Print what came of a run, and write the reports of what its scripts did."""
    from ...page import page_directory
    from ..report.at_end import journals_since
    from ..simulate.faults_at_end import tell_faults

    if as_json:
        from ...report.plain import to_plain
        from ...report.times import now_utc
        from ..output import print_json

        print_json({"event": "Outcome", "utc": now_utc(), "succeeded": outcome.succeeded,
                    "calibrations": to_plain(_calibrations(begin)),
                    **to_plain(outcome)})  # fmt: skip
    else:
        from .tables import outcome_view

        console.print()
        console.print(outcome_view(outcome, plan))
        _show_calibrations(place, console, outcome, begin=begin)
    if place.own is not None:
        tell_faults(place.own, journals_since(page_directory().parent, begin), as_json=as_json)
    _report(begin, as_json=as_json)


def _served(
    directory: "Path", tell: "Callable[[str], None]"
) -> contextlib.AbstractContextManager[None]:
    from ...extras import require
    from ..serve.beside import serving

    require("views")
    return serving(directory, tell)


def _calibrations(begin: float) -> "list[CalibrationSummary]":
    """Say what became of the calibrations, where their journals are on this machine."""
    from ...page import page_directory
    from ...report import summarize_run
    from ...run import read_run_entries
    from ..report.at_end import journals_since

    paths = journals_since(page_directory().parent, begin)
    return [item for path in paths for item in summarize_run(read_run_entries(path)).calibrations]


def _report(begin: float, *, as_json: bool) -> None:
    """Write the reports of the runs of the script, where their journals are on this machine."""
    from ...page import page_directory
    from ..output import tell_report
    from ..report.at_end import journals_since, report_at_end

    tell = functools.partial(tell_report, as_json=as_json)
    report_at_end(journals_since(page_directory().parent, begin), tell)


def _show_calibrations(
    place: Place, console: "Console", outcome: "PageOutcome", *, begin: float
) -> None:
    """Show what became of the calibrations, where their journal is on this machine."""
    from ...page import page_directory, show_status

    if place.own is not None:
        _show_runs(place.own.root, console, begin=begin, at_length=outcome.succeeded)
    if not outcome.succeeded:
        journals = str(page_directory().parent) if place.own is not None else ""
        details = show_status(outcome.run_id, journals)
        console.print(f"Details:  {details}", soft_wrap=True, markup=False)


def _show_runs(root: "Path", console: "Console", *, begin: float, at_length: bool) -> None:
    """Show the runs of the script in a simulated observatory."""
    from ...report import summarize_run
    from ...report.table import render_calibrations, render_outcome, render_where
    from ...run import read_run_entries
    from ..report.at_end import journals_since
    from ..report.job_logs import failed_logs

    where = {name: str(root / name) for name in ("repo", "raw", "logs", "journal")}
    for path in journals_since(root / "journal", begin):
        console.print()
        summary = summarize_run(read_run_entries(path))
        # What is wrong has been said above, and is to be seen: the rest is for who asks.
        shown = render_outcome(summary, where) if at_length else render_calibrations(summary)
        console.print(shown)
        console.print(render_where(failed_logs(path, summary)))


async def _run(
    plan: "PagePlan",
    place: Place,
    settings: "CheckSettings",
    view: "PageView",
    *,
    command: str,
    resume_queue: bool,
    resumption: "Resumption | None",
) -> "PageOutcome":
    from ...journal import FileStorage
    from ...page import PageChecks, PageJournal, PageRun, go_on, page_directory
    from ...report import JournalsOfScripts
    from .session import new_run_id, session

    run_id = new_run_id()
    path = page_directory() / f"{run_id}.jsonl"
    async with session(place, plan.to_do, view.announce, view.tell) as ports:
        page = PageRun(
            run_id,
            plan,
            ports,
            checks=PageChecks(ports, settings),
            journal=PageJournal(FileStorage(path), ports.clock, [view]),
            command=command,
            scripts=JournalsOfScripts(page_directory().parent, time.time() - 1.0),
            continues=resumption.run_id if resumption is not None else "",
            simulation=str(place.simulation.root) if place.simulation is not None else "",
            queue_remains=place.own is None,
        )
        if resumption is not None:
            view.tell(resumption.remark)
        view.tell(f"Journal: {path}")
        async with _interrupts(page, view, str(go_on(command, run_id))):
            return await page.execute(resume_queue=resume_queue)


@contextlib.asynccontextmanager
async def _interrupts(page: "PageRun", view: "PageView", again: str) -> AsyncIterator[None]:
    """Let the first Ctrl-C stop the script under way, and the second one leave it behind."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    asked = False

    def interrupt() -> None:
        nonlocal asked
        if asked and task is not None:
            view.tell(f"Left; the script under way goes on in the queue. Go on with: {again}")
            task.cancel()
            return
        asked = True
        view.tell("Stopping the script under way, if there is one; Ctrl-C again leaves it behind.")
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
        raise Left from None
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
