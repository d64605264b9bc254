# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal run``."""

__all__ = ["run"]

import dataclasses
import typing
from pathlib import Path

import click

from ..errors import CommandError
from ..exit_codes import EXIT_CODES_HELP, ExitCode
from ..files import read_file
from ..help import ExampleCommand
from ..watch.options import display_options
from .carry_out import carry_out, show_plan
from .options import (
    CheckOptions,
    Place,
    PlaceOptions,
    check_options,
    make_place,
    make_settings,
    place_options,
)
from .resume import LATEST, page_command, read_resumption

if typing.TYPE_CHECKING:
    from ...page import PagePlan
    from .resume import Resumption


@click.command(
    cls=ExampleCommand,
    epilog=EXIT_CODES_HELP,
    examples=(
        "dailycal run --small",
        "dailycal run --dry-run",
        "dailycal run --resume",
        "dailycal run --real --time-available 20min",
        "dailycal run --real --from-step calibrations --config-for calibrations short.yaml",
    ),
)
@click.option("--procedure", "name", default="bias-dark", show_default=True,
              help="Page to carry out.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print the plan and its times, and do nothing.")
@click.option(
    "--from-step", default="", metavar="STEP", help="Begin with this step; --dry-run lists them."
)
@click.option("--resume", metavar="[RUN]", is_flag=False, flag_value=LATEST,
              help="Go on with a run of the page where it stopped, the latest one by default; "
              "nothing is done or taken again.")  # fmt: skip
@click.option("--skip-step", "skip", multiple=True, metavar="STEP",
              help="Leave a step out; can be repeated.")  # fmt: skip
@click.option("--config-for", "config_files", type=(str, click.Path(path_type=Path)),
              multiple=True, metavar="STEP FILE",
              help="YAML configuration of a step's script; can be repeated.")  # fmt: skip
@click.option("--leave-enabled", is_flag=True, help="Leave LATISS ENABLED, to go on working.")
@click.option("--time-available", metavar="TIME", help="Skip the page if it does not fit into "
              "this time, e.g. 12min; exit code 75.")  # fmt: skip
@click.option("--resume-queue", is_flag=True, help="Resume the queue if it is paused.")
@click.option("--serve", is_flag=True, help="Show it in a browser as well, as `dailycal serve` "
              "does, until it ends.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@display_options
@check_options
@place_options
def run(
    *,
    name: str,
    dry_run: bool,
    from_step: str,
    resume: str | None,
    skip: tuple[str, ...],
    config_files: tuple[tuple[str, Path], ...],
    leave_enabled: bool,
    time_available: str | None,
    resume_queue: bool,
    serve: bool,
    as_json: bool,
    plain: bool,
    quiet: bool,
    checks: CheckOptions,
    place: PlaceOptions,
) -> int:
    """Carry out a whole procedure page through a script queue.

    Every step is the script that the page names. Preconditions are checked before anything
    moves, the summit is told, and LATISS is left in STANDBY. In a simulated observatory, unless
    --real is given: in one that the environment is set up for, else in one of its own.
    """
    from ...page import PageOptions, make_page_plan

    if resume is not None:
        _refuse_with_resume(from_step=from_step, skip=skip, configurations=config_files)
        resumption = read_resumption(resume, place.directory, real=place.real)
        if resumption.plan is None:
            click.echo(f"{resumption.run_id} is done; there is nothing left to do.", err=as_json)
            return ExitCode.OK
        plan = resumption.plan
    else:
        resumption = None
        plan = make_page_plan(
            find_procedure(name),
            PageOptions(
                from_step=from_step,
                skip=skip,
                configurations={step: _read_yaml(path) for step, path in config_files},
                leave_enabled=leave_enabled,
            ),
        )
    there = make_place(place, enabled=bool(from_step))
    if resumption is not None:
        there = _place_again(there, resumption, place.simulation.faults)
    settings = make_settings(there, checks, may_resume=resume_queue)
    available = _seconds(time_available)
    if dry_run:
        show_plan(plan, there, as_json=as_json)
    if available is not None and not _fits(plan, available, as_json=as_json):
        return ExitCode.NO_TIME
    if dry_run:
        return ExitCode.OK
    command = page_command(("dailycal", "run"), there, checks)
    return carry_out(
        plan, there, settings, command=command, resume_queue=resume_queue, as_json=as_json,
        plain=plain, quiet=quiet, resumption=resumption, serve=serve,
    )  # fmt: skip


def _read_yaml(path: Path) -> str:
    """Read the text of a configuration; of a file that is not YAML, the name is said."""
    from ...calibration import parse_yaml

    text = read_file(path)
    parse_yaml(text, str(path))
    return text


def _refuse_with_resume(**others: object) -> None:
    """Refuse what would make another run of the one that is to be gone on with."""
    for name, value in others.items():
        if value:
            option = {"from_step": "--from-step", "skip": "--skip-step"}.get(name, "--config-for")
            raise click.UsageError(f"--resume goes on where the run stopped; leave {option} out.")


def _place_again(place: Place, resumption: "Resumption", faults: tuple[str, ...]) -> Place:
    """Return the simulated observatory of a run, to be started again as it was."""
    if place.own is None or resumption.simulation is None:
        return dataclasses.replace(place, enabled=resumption.enabled)
    own = dataclasses.replace(resumption.simulation, faults=faults)
    name = f"a simulated observatory in {own.root}"
    return dataclasses.replace(place, name=name, own=own, enabled=resumption.enabled)


def find_procedure(name: str) -> typing.Any:
    """Find a page by its name.

    Raises
    ------
    CommandError
        If there is none of that name.
    """
    from ...page import PROCEDURES

    if name not in PROCEDURES:
        known = ", ".join(PROCEDURES)
        raise CommandError(f"There is no procedure {name!r}; known: {known}.", ExitCode.USAGE)
    return PROCEDURES[name]


def _seconds(text: str | None) -> float | None:
    from ...page import parse_duration

    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.UsageError(f"--time-available: {error}.") from None


def _fits(plan: "PagePlan", available: float, *, as_json: bool) -> bool:
    """Tell whether there is time enough; say so if there is not."""
    from ...model import format_duration
    from ...page import fits

    if fits(plan, available):
        return True
    if as_json:
        from ..output import print_json

        print_json({"event": "Skipped", "needed": plan.duration, "available": available})
    else:
        click.echo(
            f"Skipped: {plan.procedure.title} takes about {format_duration(plan.duration)}, "
            f"and there are {format_duration(available)}.\n"
            "Nothing was started. The page's contingency: without time enough, skip it."
        )
    return False
