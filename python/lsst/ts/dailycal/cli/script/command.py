# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``run_script``, which is ``dailycal script`` as well."""

__all__ = ["main", "schedule_of", "script"]

import functools
import logging
import os
import pathlib
import random
import time
import typing

import click

from ...extras import require
from ..errors import CommandError
from ..exit_codes import EXIT_CODES_HELP, ExitCode
from ..help import ExampleCommand
from ..watch.options import display_options
from .path import calibration_script, find_script

INDEX_BASE = 200_000
"""First index of scripts on the AuxTel queue; the Scheduler's scripts insist on that range."""
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

INDEX_OPTION = click.option(
    "--index",
    type=click.IntRange(1, 2**31 - 1),
    help="Index of the Script component.  [default: random, 200000 to 299999]",
)
LOG_LEVEL_OPTION = click.option(
    "-l",
    "--log-level",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="INFO",
    show_default=True,
    help="Lowest level of log lines.",
)


class ScriptCommand(ExampleCommand):
    """The command; asked for help on a script, it says what a configuration may hold."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; the help of a script is another than that of the command."""
        asked = [word for word in args if word in ("-h", "--help")]
        others = [word for word in args if word not in asked]
        if asked and len(others) == 1 and not others[0].startswith("-"):
            _explain(others[0])
            ctx.exit()
        return super().parse_args(ctx, args)


@click.command(
    cls=ScriptCommand,
    epilog=EXIT_CODES_HELP,
    examples=(
        "run_script auxtel/make_latiss_calibrations.py -p script_mode=BIAS_DARK",
        "run_script auxtel/make_latiss_calibrations.py -c config.yaml -p n_bias=5 --json",
        "run_script -h auxtel/make_latiss_calibrations.py",
        "run_script --schema auxtel/enable_latiss.py",
    ),
)
@click.argument("path")
@INDEX_OPTION
@click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=pathlib.Path),
    help="YAML file; - for standard input.",
)
@click.option(
    "-p",
    "--property",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="Property with a YAML value; can be repeated, and wins over the file.",
)
@LOG_LEVEL_OPTION
@click.option("--pause-checkpoint", default="", metavar="REGEX", help="Pause at these checkpoints.")
@click.option("--stop-checkpoint", default="", metavar="REGEX", help="Stop at these checkpoints.")
@click.option("--schema", is_flag=True, help="Print the configuration's schema; start nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before starting.")
@display_options
def script(
    *,
    path: str,
    index: int | None,
    config_file: pathlib.Path | None,
    pairs: tuple[str, ...],
    log_level: str,
    pause_checkpoint: str,
    stop_checkpoint: str,
    as_json: bool,
    yes: bool,
    schema: bool = False,
    plain: bool = False,
    quiet: bool = False,
) -> int:
    """Run one SAL script as a queue would, and follow it to its end.

    PATH is a file, or the path that a queue shows. The configuration is checked against the
    script's own schema before anything starts. Ctrl-C asks the script to stop; the second one, or
    a minute later, ends it.

    `run_script -h PATH` says what a configuration of this script may hold.
    """
    import asyncio

    import yaml

    from .config import check_configuration, fetch_schema, read_configuration

    _check_patterns({"pause": pause_checkpoint, "stop": stop_checkpoint})
    executable = find_script(path)
    if schema:
        found = fetch_schema(executable, INDEX_BASE)
        click.echo(yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100), nl=False)
        return ExitCode.OK
    config = read_configuration(config_file, pairs)
    number = index or INDEX_BASE + random.randrange(100_000)  # noqa: S311 - not a secret
    full = check_configuration(fetch_schema(executable, number), config)
    schedule = schedule_of(executable, full)
    require("sal")
    if not yes:
        _ask(path, number, config)

    from .driver import ScriptDriver, ScriptRequest
    from .view import JsonView, RichView, ScriptView

    level = int(getattr(logging, log_level.upper()))
    view: ScriptView
    if as_json:
        view = JsonView()
    else:
        from ..output import make_console
        from ..watch.display import choose_style

        console = make_console()
        style = choose_style(console, plain=plain, quiet=quiet)
        run_id = str(config.get("resume") or "")
        view = RichView(
            console,
            level,
            schedule,
            style=style,
            index=number,
            run_id=run_id,
            is_last=executable != calibration_script(),
        )
    request = ScriptRequest(
        path=executable,
        index=number,
        config=yaml.safe_dump(config, sort_keys=False) if config else "",
        log_level=level,
        pause=pause_checkpoint,
        stop=stop_checkpoint,
    )

    async def run() -> int:
        return await ScriptDriver(request, view.show).run()

    begin = time.time()
    with view:
        code = asyncio.run(run())
    if executable == calibration_script():
        is_rejected = _show_outcome(begin, as_json=as_json)
        return ExitCode.REJECTED if code == 0 and is_rejected else code
    return code


def _explain(path: str) -> None:
    """Print what a configuration of a script may hold."""
    from rich.padding import Padding
    from rich.text import Text

    from ..output import make_console
    from .config import fetch_schema
    from .properties import describe_properties

    schema = fetch_schema(find_script(path), INDEX_BASE)
    console = make_console()
    if schema is None:
        console.print(f"{path} has no configuration.", markup=False)
        return
    console.print(" ".join(str(schema.get("description", path)).split()), markup=False)
    console.print()
    for name, values, text in describe_properties(schema):
        console.print(Text.assemble((name, "bold"), f": {values}"))
        console.print(Padding(Text(text), (0, 0, 0, 4)))
    console.print(f"\nAs YAML: run_script --schema {path}", markup=False)


def _show_outcome(begin: float, *, as_json: bool) -> bool:
    """Show what came of the run as `dailycal run` does, and write its report.

    Returns
    -------
    is_rejected : `bool`
        Was a calibration rejected?
    """
    from ...journal import journal_path
    from ...report import summarize_run
    from ...run import read_run_entries
    from ..output import make_console, tell_report
    from ..report.at_end import journals_since, report_at_end
    from ..runs.command import shown
    from ..runs.journals import read_run

    console = make_console()
    journals = journals_since(journal_path("x").parent, begin)

    is_rejected = False
    for journal in journals:
        summary = summarize_run(read_run_entries(journal))
        is_rejected = is_rejected or summary.is_rejected
        if not as_json:
            console.print()
            console.print(shown(read_run(journal)))
    report_at_end(journals, functools.partial(tell_report, as_json=as_json))
    return is_rejected


def _check_patterns(patterns: dict[str, str]) -> None:
    import re

    for name, pattern in patterns.items():
        try:
            re.compile(pattern)
        except re.error as error:
            raise click.UsageError(
                f"--{name}-checkpoint {pattern!r} is not a regular expression: {error}."
            ) from None


def schedule_of(executable: os.PathLike[str], full: dict[str, typing.Any]) -> dict[str, float]:
    """Find the planned times of the checkpoints, and what the schema could not find wrong.

    Only our own script can be asked without starting it; of others the duration is known later.
    """
    if executable != calibration_script():
        return {}
    if full.get("resume"):
        return {}
    from ...calibration import configuration_schema, make_plan, make_run_config
    from .estimate import plan_schedule

    return plan_schedule(make_plan(make_run_config(full, configuration_schema())))


def _ask(path: str, index: int, config: dict[str, typing.Any]) -> None:
    """Ask before something is moved at an observatory; in a simulated one nothing is.

    Raises
    ------
    CommandError
        If there is nobody to be asked.
    """
    import sys

    if "DAILYCAL_SIM_CONFIG" in os.environ:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandError(
            f"{path} is started at an observatory only after a question, and there is no terminal "
            "to ask at.",
            ExitCode.USAGE,
            "To start it: --yes.",
        )
    for key, value in config.items():
        click.echo(f"  {key}: {value}")
    if not click.confirm(f"Run {path} with index {index}?"):
        sys.exit(ExitCode.INTERRUPTED)


def main() -> typing.NoReturn:
    """Run ``run_script``."""
    from ..main import run_command

    run_command(script, "run_script")
