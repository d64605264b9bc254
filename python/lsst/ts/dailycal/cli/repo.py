# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands ``dailycal repo``."""

__all__ = ["repo"]

import typing
from pathlib import Path

import click

from ..model import Command
from .errors import CommandError
from .exit_codes import ExitCode
from .help import SETTINGS, ExampleCommand
from .simulate.options import SimulationOptions, make_config, simulation_options

if typing.TYPE_CHECKING:
    from .repo_contents import RepositoryContents


@click.group(context_settings=SETTINGS)
def repo() -> None:
    """Make a Butler repository, add frames; show, export or withdraw calibrations."""


@repo.command(
    cls=ExampleCommand,
    short_help="Make a repository for LATISS.",
    examples=(
        "dailycal repo create ~/latiss",
        "dailycal repo create /tmp/latiss --no-reference",
    ),
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--reference/--no-reference", default=True, show_default=True,
              help="Make reference calibrations of a simulated earlier day?")  # fmt: skip
@simulation_options
def create(
    path: Path,
    *,
    reference: bool,
    simulation: SimulationOptions,
) -> None:
    """Make a repository for LATISS at PATH, which must be empty or not exist.

    Raw frames are taken for reference calibrations, and removed when those are made.
    """
    import dataclasses

    from ..butler.repository import create_repository
    from ..extras import require
    from .output import error_console
    from .simulate.database import require_database
    from .simulate.reference import prepare_repository

    require("pipelines")
    root = path.absolute()
    try:
        config = make_config(root.parent, simulation)
        require_database(config)
        if not reference:
            create_repository(root, simulation.database)
        else:
            config = dataclasses.replace(config, repository_path=root)
            prepare_repository(config, lambda text: error_console().print(text, soft_wrap=True))
    except FileExistsError as error:
        raise CommandError(f"{error}.", ExitCode.USAGE) from error
    click.echo(str(root))


@repo.command(cls=ExampleCommand, examples=("dailycal repo show run/repo", "dailycal repo show"))
@click.argument("path", default="LATISS")
@click.option("--repo", help="Directory or alias, as the other commands have it; instead of PATH.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(path: str, repo: str | None, *, as_json: bool) -> None:
    """Show the raws and the certified calibrations of a repository.

    PATH is a directory, or an alias of the repository index (LATISS by default).
    """
    from .output import make_console, print_json

    contents = _read(repo or path)
    if as_json:
        print_json(contents)
        return
    from rich.text import Text

    from ..report.table import styled_table

    console = make_console()
    console.print(f"{contents.repository}: {contents.raws} raw frames", soft_wrap=True)
    if not contents.certified:
        console.print("No bias and no dark is certified.")
        return
    table = styled_table("Certified", "Valid (TAI)", "Collection, and where it was made", wide=2)
    for item in contents.certified:
        begin, end = (_short(moment) for moment in (item.begin, item.end))
        table.add_row(
            Text(item.dataset_type, "bold"),
            Text(f"{begin}\nto {end}"),
            Text(f"{item.collection}\n{item.run}"),
        )
    console.print(table)


def _short(moment: str | None) -> str:
    """Write a time without what is zero in it."""
    return "ever" if moment is None else moment.removesuffix(".000000").removesuffix(".000")


def _read(path: str) -> "RepositoryContents":
    from .repo_contents import read_contents

    try:
        return read_contents(path)
    except (FileNotFoundError, LookupError) as error:
        raise no_repository(path) from error


def no_repository(name: str) -> CommandError:
    """Make the error of a repository that is not there (`CommandError`)."""
    return CommandError(
        f"There is no Butler repository {name}: it is neither a directory with a butler.yaml nor "
        "an alias in $DAF_BUTLER_REPOSITORY_INDEX.",
        ExitCode.NOT_FOUND,
        "`dailycal repo create PATH` makes one; that of `dailycal run` is run/repo.",
    )


@repo.command(
    cls=ExampleCommand,
    short_help="Add raw frames to a repository.",
    examples=(
        "dailycal repo ingest ~/raw/20240624/*.fits --repo ~/latiss",
        "dailycal repo ingest AT_O_20240624_000001-R00S00.fits --repo ~/latiss --copy",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...",
                type=click.Path(path_type=Path, exists=True, dir_okay=False))  # fmt: skip
@click.option("--repo", "repository", default="LATISS", show_default=True,
              help="Directory or alias of the repository.")  # fmt: skip
@click.option("--copy", is_flag=True, help="Copy the files into the repository; they stay where "
              "they are otherwise.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def ingest(files: tuple[Path, ...], *, repository: str, copy: bool, as_json: bool) -> int:
    """Add raw frames of LATISS to a repository, plain or compressed.

    Each file is looked at before anything is written. Those that are no frames of LATISS are named
    with what is wrong, and the others are added; a frame that is there already is left alone. Exit
    code 1 if any was refused.
    """
    from ..extras import require

    require("pipelines")
    from lsst.daf.butler.registry import ConflictingDefinitionError

    from ..butler.ingest import ingest_raws
    from ..butler.repository import open_repository
    from ..pipelines.raw.error import RawFrameError, RawHeaderError
    from .output import print_json

    added: list[int] = []
    refused: dict[str, str] = {}
    try:
        with open_repository(repository, writeable=True) as butler:
            for file in files:
                try:
                    added += ingest_raws(butler, [file], "copy" if copy else "direct")
                except (RawFrameError, RawHeaderError) as error:
                    refused[str(file)] = str(error)
                except ConflictingDefinitionError:
                    refused[str(file)] = f"{file}: another exposure with this id is there already"
    except (FileNotFoundError, LookupError) as error:
        raise no_repository(repository) from error
    if as_json:
        from .printed import AddedFrames

        print_json(AddedFrames(tuple(added), refused))
    else:
        for text in refused.values():
            click.echo(f"Refused: {text}", err=True)
        click.echo(f"{len(added)} of {len(files)} frames are in {repository}.")
    return ExitCode.FAILED if refused else ExitCode.OK


@repo.command(
    cls=ExampleCommand,
    short_help="Withdraw what is certified in a range of time.",
    examples=(
        "dailycal repo decertify LATISS/calib/daily bias --begin 2026-11-23T12:00:00 \\",
        "    --end 2026-11-24T12:00:00 --repo run/repo",
    ),
)
@click.argument("collection")
@click.argument("dataset_type", type=click.Choice(["bias", "dark"]))
@click.option("--begin", required=True, help="Start of the range, ISO 8601, TAI.")
@click.option("--end", required=True, help="End of the range (not part of it), ISO 8601, TAI.")
@click.option("--repo", "repository", default="LATISS", show_default=True,
              help="Directory or alias of the repository.")  # fmt: skip
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def decertify(
    collection: str, dataset_type: str, *, begin: str, end: str, repository: str, yes: bool
) -> None:
    """Withdraw what is certified in a range of time, so that something else can be.

    The calibration itself stays in the repository; outside of the range it stays valid.
    """
    from ..butler.certify import decertify as decertify_calibration
    from ..butler.certify import find_conflicts

    for option, moment in (("--begin", begin), ("--end", end)):
        _check_time(option, moment)
    try:
        found = find_conflicts(repository, collection, dataset_type, begin, end)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except (FileNotFoundError, LookupError) as error:
        raise no_repository(repository) from error
    if not found:
        raise CommandError(
            f"No {dataset_type} is certified in {collection} from {begin} to {end}.",
            ExitCode.NOT_FOUND,
            f"What is: {Command(('dailycal', 'repo', 'show', repository))}",
        )
    for item in found:
        click.echo(f"{item.dataset_type} of {item.run}, valid {item.begin} to {item.end} TAI")
    if not yes:
        click.confirm(f"Withdraw from {begin} to {end}?", abort=True)
    decertify_calibration(repository, collection, dataset_type, begin, end)
    click.echo("Withdrawn.")


def _check_time(option: str, text: str) -> None:
    """Refuse what is no time; the Butler's own words for it fill a screen.

    Raises
    ------
    UsageError
        If it is none.
    """
    import datetime

    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            f"{option}: {text!r} is not an ISO 8601 time such as 2026-11-23T12:00:00."
        ) from None


@repo.command(
    cls=ExampleCommand,
    short_help="Copy a combined calibration out of a repository.",
    examples=(
        "dailycal repo export bias bias.fits --repo run/repo",
        "dailycal repo export dark dark.fits --collection u/ocps/<job id> --repo LATISS",
    ),
)
@click.argument("dataset_type", type=click.Choice(["bias", "dark"]))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--collection", default="LATISS/calib", show_default=True,
              help="Where to look; also the output of a job.")  # fmt: skip
@click.option("--at", "moment", default=None,
              help="When it is valid, ISO 8601, TAI; by default now.")  # fmt: skip
@click.option("--repo", "repository", default="LATISS", show_default=True,
              help="Directory or alias of the repository.")  # fmt: skip
def export(
    dataset_type: str, file: Path, *, collection: str, moment: str | None, repository: str
) -> None:
    """Copy the combined bias or dark that is valid at a time to FILE, which must not exist."""
    from ..extras import require

    require("pipelines")
    from astropy.time import Time

    from ..butler.export import CalibrationNotFoundError, export_calibration

    if moment is not None:
        _check_time("--at", moment)
    if file.exists():
        raise CommandError(f"{file} is there already.", ExitCode.IO, "Choose another file.")
    if not file.absolute().parent.is_dir():
        raise CommandError(f"There is no directory {file.absolute().parent}.", ExitCode.NOT_FOUND)
    at = moment or str(Time.now().tai.isot)
    try:
        run = export_calibration(repository, dataset_type, collection, at, file)
    except CalibrationNotFoundError as error:
        text = str(error)
        raise CommandError(
            f"{text[:1].upper()}{text[1:]}.",
            ExitCode.NOT_FOUND,
            f"What is there: {Command(('dailycal', 'repo', 'show', repository))}",
        ) from error
    except (FileNotFoundError, LookupError) as error:
        raise no_repository(repository) from error
    click.echo(f"{file}: {dataset_type} of {run}")
