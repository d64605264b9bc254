# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Go on with a run of the page where it stopped: ``dailycal run --resume``."""

__all__ = ["LATEST", "Resumption", "page_command", "read_resumption"]

import contextlib
import dataclasses
import os
import typing
from collections.abc import Sequence
from pathlib import Path

from ..errors import CommandError
from ..exit_codes import ExitCode
from ..simulate.options import MARKER
from .options import SIMULATION_VARIABLE, CheckOptions, Place

if typing.TYPE_CHECKING:
    from ...journal.codec import Entry
    from ...page import PageEvent, PagePlan, PageSummary, ScriptRun
    from ...sim.config import SimulationConfig

LATEST = "latest"
"""What stands for the latest run of the page."""


@dataclasses.dataclass(frozen=True, slots=True)
class Resumption:
    """What is needed to go on."""

    run_id: str
    """Id of the run to go on with."""
    plan: "PagePlan | None"
    """What is left to do; `None` if nothing is."""
    simulation: "SimulationConfig | None"
    """Settings of the simulated observatory that it was carried out in, without its faults."""
    enabled: bool
    """Were components enabled by it?"""
    remark: str
    """What is gone on with, in a sentence."""


def page_command(program: Sequence[str], place: Place, checks: CheckOptions | None = None) -> str:
    """Write the command that carries a page out at the same place again (`str`)."""
    from ...model import Command
    from ...sim.config import FULL_FRAME

    checks = checks or CheckOptions()
    words = list(program)
    if not place.simulated:
        words.append("--real")
    if place.queue != 2:
        words += ["--queue", str(place.queue)]
    if place.own is not None:
        words += ["--small"] * (place.own.frame != FULL_FRAME)
        words += ["--rice"] * place.own.raw_files.rice
        words += ["--database", place.own.database] if place.own.database else []
        words += ["--seed", str(place.own.seed)] * (place.own.seed != 1)
        words += ["--directory", str(place.own.root)]
    for name in checks.accepted:
        words += ["--accept", name]
    words += ["--limits", str(checks.limits_file.absolute())] if checks.limits_file else []
    words += ["--data-path", checks.data_path] if checks.data_path else []
    return str(Command(tuple(words)))


def read_resumption(run: str, directory: Path, *, real: bool) -> Resumption:
    """Read what is left of a run of the page.

    Parameters
    ----------
    run : `str`
        Its id, the path of its journal, or `LATEST`.
    directory : `~pathlib.Path`
        Directory of a simulated observatory, whose journals are looked at first.
    real : `bool`
        Is a real observatory asked for?

    Raises
    ------
    CommandError
        If there is no such run, or it or its script is still under way.
    """
    from ...page import PROCEDURES, PageStarted, go_on, make_resume_plan, summarize_page
    from ...page.journal import read_page_entries

    path = _last_of(_find(run, directory))
    entries = read_page_entries(path)
    summary = summarize_page(entries)
    started = entries[0].event
    assert isinstance(started, PageStarted)  # noqa: S101 - or summarize_page had refused
    simulation = None if real else _simulation(started.simulation)
    if summary.status == "done":
        return Resumption(summary.run_id, None, simulation, False, "")
    if started.procedure not in PROCEDURES:
        again = go_on(started.command, summary.run_id, step=summary.next_step)
        raise CommandError(
            f"{summary.run_id} is a run of the block {started.procedure}; to go on:",
            ExitCode.USAGE,
            str(again),
        )
    found = _script_run(path, entries, summary)
    _refuse_running(path, summary, found)
    procedure = PROCEDURES[started.procedure]
    outcomes = summary.outcome.steps
    left = {step.name for step in outcomes if step.name not in _finished(summary, found)}
    plan = None
    if left:
        plan = make_resume_plan(
            procedure, summary.run_id, outcomes, _configurations(entries), found
        )
    to_do = {step.name for step in plan.to_do} if plan is not None else set()
    enabling = {step.name for step in procedure.steps if step.enables}
    remark = f"Going on with {summary.run_id}"
    if found is not None and found.kept and found.status != "done":
        remark += f": {found.kept}"
    return Resumption(
        summary.run_id, plan, simulation, bool(enabling - to_do), f"{remark.rstrip('.')}."
    )


def _find(run: str, directory: Path) -> Path:
    """Find the journal of a run of the page."""
    from ...page import page_directory

    as_path = Path(run)
    if as_path.suffix == ".jsonl" and as_path.is_file():
        return as_path
    roots = [page_directory()]
    if (directory / MARKER).is_file():
        roots.insert(0, directory / "journal" / "pages")
    if run == LATEST:
        found = [path for root in roots[:1] for path in root.glob("page-*.jsonl")]
        if found:
            return max(found, key=lambda path: path.stat().st_mtime)
        raise CommandError(
            f"There is no run of the page in {roots[0]}.",
            ExitCode.NOT_FOUND,
            "Those of another observatory: --directory DIR. To begin one, leave --resume out.",
        )
    if as_path.name == run and not run.startswith("page-"):
        raise CommandError(
            f"{run} is no run of the page. A run of the script:",
            ExitCode.NOT_FOUND,
            f"dailycal resume {run}",
        )
    for root in roots:
        if (root / f"{as_path.name}.jsonl").is_file() and as_path.name == run:
            return root / f"{run}.jsonl"
    places = " or ".join(map(str, roots))
    raise CommandError(
        f"There is no journal of a run {run} in {places}.",
        ExitCode.NOT_FOUND,
        "All runs: dailycal runs",
    )


def _last_of(path: Path) -> Path:
    """Return the journal of the last run that went on with a run, directly or not."""
    from ...model import JournalError
    from ...page import read_page_entries, summarize_page

    later: dict[str, Path] = {}
    for other in sorted(path.parent.glob("page-*.jsonl"), key=lambda item: item.stat().st_mtime):
        with contextlib.suppress(JournalError):  # damaged, or another's: it is not asked for
            summary = summarize_page(read_page_entries(other))
            # One that began nothing has nothing to go on with.
            if summary.continues and summary.indices:
                later[summary.continues] = other
    while path.stem in later:
        path = later.pop(path.stem)
    return path


def _simulation(root: str) -> "SimulationConfig | None":
    """Return the settings of a simulated observatory that is to be started again."""
    from ...model import ConfigurationError
    from ...sim.config import SimulationConfig

    if not root or SIMULATION_VARIABLE in os.environ:
        return None
    try:
        there = SimulationConfig.load(Path(root) / MARKER)
    except ConfigurationError as error:
        raise CommandError(
            f"The simulated observatory of this run is gone: {error}",
            ExitCode.NOT_FOUND,
            "To begin anew, leave --resume out.",
        ) from None
    # A fault that was rehearsed has struck; whoever goes on has removed its cause.
    return dataclasses.replace(there, faults=(), started_at=None, start_tai=None)


def _configurations(entries: "Sequence[Entry[PageEvent]]") -> dict[str, str]:
    from ...page import PageStarted, StepStarted

    texts: dict[str, str] = {}
    for entry in entries:
        if isinstance(entry.event, PageStarted):
            texts.update(entry.event.configurations)
        elif isinstance(entry.event, StepStarted):
            texts[entry.event.name] = entry.event.configuration
    return texts


def _script_run(
    path: Path, entries: "Sequence[Entry[PageEvent]]", summary: "PageSummary"
) -> "ScriptRun | None":
    """Find the run of the script that takes the images, by its journal or by what it said."""
    from ...page import PROCEDURES, ScriptRun, StepStarted, run_named_in
    from ...report import find_script_run
    from ..runs.journals import begin_of_next_page

    takes = {step.name for step in PROCEDURES[summary.procedure].steps if step.takes_images}
    configurations = _configurations(entries)
    begun = {entry.event.name for entry in entries if isinstance(entry.event, StepStarted)}
    for step in summary.outcome.steps:
        if step.name not in takes:
            continue
        text = configurations.get(step.name, "")
        named = run_named_in(text)
        if not named and not (step.name in begun and step.index):
            return None
        until = begin_of_next_page(path, summary.begin)
        found = find_script_run(path.parent.parent, step.index, text, summary.begin, until)
        said = named or run_named_in(step.reason)
        if found is None and said:
            _refuse_gone(entries, said, step.name)
            mode = _given(text).get("script_mode", "BIAS_DARK")
            return ScriptRun(said, "open", mode)
        return found
    return None


def _refuse_gone(entries: "Sequence[Entry[PageEvent]]", run: str, step: str) -> None:
    """Refuse to go on with a run whose journal is gone, where it would have to be."""
    from ...journal import lacks_journal
    from ...page import PageStarted, take_anew

    started = entries[0].event
    assert isinstance(started, PageStarted)  # noqa: S101 - or the journal had been refused
    journal = Path(started.simulation) / "journal" / f"{run}.jsonl"
    if started.simulation and not journal.exists():
        raise CommandError(
            f"{lacks_journal(run)}, in which the images of {started.run_id} are.",
            ExitCode.NOT_FOUND,
            f"To take them anew: {take_anew(started.command, step)}",
        )


def _given(text: str) -> dict[str, str]:
    from ...page import parse_configuration

    return parse_configuration(text)


def _finished(summary: "PageSummary", run: "ScriptRun | None") -> set[str]:
    from ...page import PROCEDURES, StepStatus

    good = (StepStatus.DONE, StepStatus.SKIPPED)
    done = {step.name for step in summary.outcome.steps if step.status in good}
    if run is not None and run.status == "done":
        done |= {step.name for step in PROCEDURES[summary.procedure].steps if step.takes_images}
    return done


def _refuse_running(path: Path, summary: "PageSummary", run: "ScriptRun | None") -> None:
    """Refuse to go on with what is going on."""
    from ...journal.owner import holder_of
    from ...page import watch_run
    from ...page.lock import LOCK_NAME

    owner = holder_of(path.with_name(LOCK_NAME))
    if owner is not None and summary.run_id.endswith(f"-{owner.pid}"):
        raise CommandError(
            f"{summary.run_id} is under way, by {owner}. To watch it:",
            ExitCode.BUSY,
            str(watch_run(summary.run_id, str(path.parent.parent))),
        )
    if run is not None and run.status == "running":
        raise CommandError(
            f"The script of {summary.run_id} goes on in the queue. To watch it:",
            ExitCode.BUSY,
            str(watch_run(run.run_id, str(path.parent.parent))),
        )
