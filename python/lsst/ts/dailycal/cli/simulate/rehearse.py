# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal rehearse``."""

__all__ = ["carry_out_rehearsal", "rehearse"]

import functools
import logging
import typing
from pathlib import Path

import click

from ..exit_codes import EXIT_CODES_HELP, ExitCode
from ..help import ExampleCommand
from ..watch.options import display_options
from .options import (
    FULL_SCALE,
    SMALL_SCALE,
    SimulationOptions,
    make_config,
    simulation_options,
)

if typing.TYPE_CHECKING:
    from .rehearsal import RehearsalRequest, RehearsalResult

SCRIPT = "auxtel/make_latiss_calibrations.py"
INDEX = 200_001


@click.command(
    cls=ExampleCommand,
    epilog=EXIT_CODES_HELP,
    examples=(
        "dailycal rehearse",
        "dailycal rehearse --generate -p n_bias=5 -p n_dark=3 -p exp_times_dark=5",
        "dailycal rehearse --small --fault end_readout_lost@DARK/3",
    ),
)
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False),
              default=Path("rehearsal"), show_default=True,
              help="Where everything is written.")  # fmt: skip
@click.option("--keep", is_flag=True, help="Go on in the observatory that an earlier rehearsal "
              "left in the directory.")  # fmt: skip
@click.option("--time-scale", type=click.FloatRange(min=0, min_open=True),
              help="How much faster than real time exposures are.  [default: "
              f"{FULL_SCALE:g}, or {SMALL_SCALE:g} with --small]")  # fmt: skip
@click.option("--generate", is_flag=True, help="Combine and certify as well: "
              "-p generate_calibrations=true.")  # fmt: skip
@click.option("-c", "--config", "config_file", type=click.Path(path_type=Path),
              help="Configuration of the script; YAML.")  # fmt: skip
@click.option("-p", "--property", "pairs", multiple=True, metavar="KEY=VALUE",
              help="Property of the script with a YAML value; can be repeated.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before removing what an earlier "
              "rehearsal left.")  # fmt: skip
@display_options
@simulation_options
def rehearse(
    *,
    directory: Path,
    keep: bool,
    time_scale: float | None,
    generate: bool,
    config_file: Path | None,
    pairs: tuple[str, ...],
    as_json: bool,
    yes: bool,
    plain: bool,
    quiet: bool,
    simulation: SimulationOptions,
) -> int:
    """Do the main job in a simulated observatory on this machine.

    A Butler repository with reference calibrations is made, LATISS and OCPS:1 are started and
    enabled, the script takes the frames of the daily procedure, and a table says what came of
    it. Everything that was made stays in the directory.
    """
    import yaml

    from ...extras import require
    from ..script.command import schedule_of
    from ..script.config import check_configuration, fetch_schema, read_configuration
    from ..script.path import find_script
    from .database import refuse_other_database, require_database
    from .directory import claim_directory
    from .rehearsal import RehearsalRequest

    config = make_config(directory, simulation, time_scale=time_scale or simulation.time_scale)
    given = {
        **{"script_mode": "BIAS_DARK"},
        **({"generate_calibrations": True} if generate else {}),
        **read_configuration(config_file, pairs),
    }
    executable = find_script(SCRIPT)
    schedule = schedule_of(executable, check_configuration(fetch_schema(executable, INDEX), given))
    require("sal", "pipelines")
    require_database(config)
    claim_directory(directory, keep=keep, yes=yes)
    refuse_other_database(config)

    request = RehearsalRequest(
        config=config,
        script=executable,
        script_config=yaml.safe_dump(given, sort_keys=False),
        index=INDEX,
        log_level=logging.INFO,
    )
    return carry_out_rehearsal(
        request, schedule=schedule, as_json=as_json, plain=plain, quiet=quiet
    )


def carry_out_rehearsal(
    request: "RehearsalRequest",
    *,
    schedule: typing.Mapping[str, float] | None = None,
    run_id: str = "",
    as_json: bool = False,
    plain: bool = False,
    quiet: bool = False,
) -> int:
    """Carry a rehearsal out, show how it goes, and return the exit code of its script.

    Parameters
    ----------
    request : `RehearsalRequest`
        What is to be done.
    schedule : `~collections.abc.Mapping` [`str`, `float`], optional
        Planned time from the start to each checkpoint, in seconds.
    run_id : `str`, optional
        Id of the run that is gone on with.
    as_json, plain, quiet : `bool`, optional
        How to show it.
    """
    import asyncio

    from ...report.times import clock_utc
    from ..output import error_console, make_console
    from ..script.view import JsonView, RichView, ScriptView
    from ..watch.display import choose_style
    from .faults_at_end import tell_faults
    from .rehearsal import Rehearsal

    config = request.config
    rich_view = None
    view: ScriptView
    if as_json:
        view = JsonView()
    else:
        console = make_console()
        view = rich_view = RichView(
            console,
            schedule=schedule,
            style=choose_style(console, plain=plain, quiet=quiet),
            index=request.index,
            run_id=run_id,
            journals=config.root / "journal",
            scale=config.time_scale,
        )

    def tell(text: str) -> None:
        if rich_view is not None:
            rich_view.display.tell(text)
            return
        error_console().print(f"{clock_utc()}  {text}", soft_wrap=True, markup=False)

    rehearsal = Rehearsal(request, view.show, tell)
    with view:
        rehearsal.prepare()
        result = asyncio.run(rehearsal.run())
    _print_result(result, as_json=as_json)
    tell_faults(config, _journals(result), as_json=as_json)
    _report(result, as_json=as_json)
    is_rejected = result.summary is not None and result.summary.is_rejected
    return ExitCode.REJECTED if result.exit_code == 0 and is_rejected else result.exit_code


def _report(result: "RehearsalResult", *, as_json: bool) -> None:
    """Write the report of the run, if there was one."""
    from ..output import tell_report
    from ..report.at_end import report_at_end

    report_at_end(_journals(result), functools.partial(tell_report, as_json=as_json))


def _journals(result: "RehearsalResult") -> list[Path]:
    journal = result.where.get("Journal")
    return [Path(journal)] if journal else []


def _print_result(result: "RehearsalResult", *, as_json: bool) -> None:
    from ..output import make_console, print_json

    if as_json:
        from ...report.plain import to_plain
        from ..printed import print_run

        summary = print_run(result.summary) if result.summary is not None else None
        print_json({"event": "Rehearsed", "exit_code": result.exit_code,
                    "summary": to_plain(summary), "where": result.where,
                    "durations": result.durations})  # fmt: skip
        return
    from ...model import format_duration
    from ...report.table import render_where
    from ..runs.command import shown
    from ..runs.journals import read_run

    console = make_console()
    console.print()
    times = ", ".join(f"{name} {format_duration(item)}" for name, item in result.durations.items())
    where = {**result.where, "Times": times}
    if result.summary is None:
        console.print("The script was refused before it began; nothing was taken.", style="bold")
        console.print(render_where(where))
    else:
        console.print(shown(read_run(Path(where["Journal"])), where))
