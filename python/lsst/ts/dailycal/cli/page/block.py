# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal block``."""

__all__ = ["block"]

import typing
from collections.abc import Mapping
from pathlib import Path

import click

from ..errors import CommandError
from ..exit_codes import EXIT_CODES_HELP, ExitCode
from ..files import read_file
from ..help import SETTINGS, ExampleCommand, write_examples
from .options import (
    CheckOptions,
    PlaceOptions,
    check_options,
    make_place,
    make_settings,
    place_options,
)

if typing.TYPE_CHECKING:
    from ...model import ScriptPath
    from ...page import Block

Schema = Mapping[str, typing.Any]

BLOCKS = Path(__file__).parents[2] / "data" / "blocks"
"""Directory of the blocks that come with the package."""


class BlockGroup(click.Group):
    """The group, with an example."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write options and commands, and then the example."""
        super().format_options(ctx, formatter)
        write_examples(formatter, ["dailycal block validate block-latiss-daily-bias-dark.json"])


@click.group(cls=BlockGroup, context_settings=SETTINGS)
def block() -> None:
    """Validate observing blocks, and run them on a script queue."""


def _overrides(pairs: tuple[str, ...]) -> dict[str, object]:
    from ..script.config import read_configuration

    return dict(read_configuration(None, pairs))


@block.command(
    cls=ExampleCommand,
    short_help="Hold a block against the schemas of its scripts.",
    epilog=EXIT_CODES_HELP,
    examples=("dailycal block validate block-latiss-daily-bias-dark.json",),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-p", "--override", "pairs", multiple=True, metavar="KEY=VALUE",
              help="Value of a placeholder of the block; can be repeated.")  # fmt: skip
@click.option("--standard", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Directory of the standard scripts.  [default: ours]")  # fmt: skip
@click.option("--external", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Directory of the external scripts.  [default: ours]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def validate(
    *,
    file: Path,
    pairs: tuple[str, ...],
    standard: Path | None,
    external: Path | None,
    as_json: bool,
) -> int:
    """Hold a block against the schemas of its scripts; tell all problems at once.

    FILE is a block in the Scheduler's format, or the name of one that comes with this package.
    Every script is asked for its schema. Those that do not come with this package are not
    checked, unless their directories are given. Exit code 65 if there is any problem.
    """
    from ...page import validate_block

    item = _read(file)
    available = _available(standard, external)
    looked_at = {True: standard, False: external}

    def is_known(script: "ScriptPath") -> bool:
        """Tell whether a script would be found: ours are all here, others where it was said."""
        return looked_at[script.is_standard] is not None

    problems, unchecked = validate_block(
        item,
        available,
        lambda script: _schema(available[script]),
        _overrides(pairs),
        is_known=is_known,
    )
    if as_json:
        from ..output import print_json
        from ..printed import BlockVerdict

        scripts = tuple(part.script.path for part in item.scripts)
        print_json(
            BlockVerdict(not problems, tuple(problems), tuple(unchecked), item.remarks, scripts)
        )
    else:
        for text in (*problems, *unchecked, *(f"Remark: {remark}" for remark in item.remarks)):
            click.echo(text)
        number = len(item.scripts)
        if not problems:
            click.echo(f"{item.program} {item.name}: {number} script{'s' * (number > 1)}, valid.")
    return ExitCode.CONFIGURATION if problems else ExitCode.OK


@block.command(
    "run",
    cls=ExampleCommand,
    epilog=EXIT_CODES_HELP,
    examples=(
        "dailycal block run block-latiss-daily-bias-dark.json --small -p n_bias=3 -p n_dark=2 "
        "-p exp_times_dark=5",
        "dailycal block run --real block-latiss-daily-bias-dark.json",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-p", "--override", "pairs", multiple=True, metavar="KEY=VALUE",
              help="Value of a placeholder of the block; can be repeated.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print the plan, and do nothing.")
@click.option("--from-step", default="", metavar="STEP", help="Begin with this step.")
@click.option("--resume-queue", is_flag=True, help="Resume the queue if it is paused.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@check_options
@place_options
def run_block(
    *,
    file: Path,
    pairs: tuple[str, ...],
    dry_run: bool,
    from_step: str,
    resume_queue: bool,
    as_json: bool,
    checks: CheckOptions,
    place: PlaceOptions,
) -> int:
    """Run the scripts of a block in order on a script queue.

    FILE is a block in the Scheduler's format, or the name of one that comes with this package. The
    queue is asked for the schema of every script
    before the first one is added. The block's constraints are the Scheduler's business, and
    nothing is enabled: that comes before a block. Components of a simulated observatory that is
    started for it are ENABLED.
    """
    from ...page import PageOptions, block_procedure, make_page_plan
    from .carry_out import carry_out, show_plan
    from .resume import page_command

    item = _read(file)
    procedure = block_procedure(item, _overrides(pairs))
    plan = make_page_plan(procedure, PageOptions(from_step=from_step))
    # Whoever gives a block to the Scheduler has enabled everything before.
    there = make_place(place, enabled=True)
    settings = make_settings(there, checks, may_resume=resume_queue)
    if dry_run:
        show_plan(plan, there, as_json=as_json)
        return ExitCode.OK
    words = [word for pair in pairs for word in ("--override", pair)]
    command = page_command(("dailycal", "block", "run", str(file), *words), there, checks)
    return carry_out(
        plan, there, settings, command=command, resume_queue=resume_queue, as_json=as_json
    )


def _read(file: Path) -> "Block":
    """Read a block, one of ours if there is no such file but a block of that name."""
    from ...model import ConfigurationError
    from ...page import parse_block

    ours = {path.name: path for path in sorted(BLOCKS.glob("*.json"))}
    if not file.exists():
        if str(file) not in ours:
            raise CommandError(
                f"There is no file {file}. Blocks that come with this package, and are found by "
                f"their names: {', '.join(ours)}.",
                ExitCode.NOT_FOUND,
            )
        file = ours[str(file)]
    try:
        return parse_block(read_file(file))
    except ConfigurationError as error:
        raise ConfigurationError(f"{file}: {problem}" for problem in error.problems) from None


def _available(standard: Path | None, external: Path | None) -> "dict[ScriptPath, Path]":
    """Find the scripts that there are on this machine, as a queue would."""
    import os

    from ...model import ScriptPath
    from ..script.path import scripts_directory

    found: dict[ScriptPath, Path] = {}
    for given, is_standard in ((standard, True), (external, False)):
        root = given or scripts_directory()
        for path in sorted(root.rglob("*")):
            relative = path.relative_to(root)
            hidden = path.name[0] in "._" or any(part[0] == "." for part in relative.parts)
            if path.is_file() and os.access(path, os.X_OK) and not hidden:
                found[ScriptPath(str(relative), is_standard)] = path
    return found


def _schema(executable: Path) -> Schema | None:
    from ..script.config import fetch_schema

    schema = fetch_schema(executable, 0)
    return schema if schema is None else {"properties": {}, "required": [], **schema}
