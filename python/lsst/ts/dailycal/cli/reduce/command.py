# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal reduce``."""

__all__ = ["reduce"]

import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from ..errors import CommandError
from ..exit_codes import ExitCode
from ..help import ExampleCommand
from .options import rule_options

if typing.TYPE_CHECKING:
    from ...model import ImageType
    from ...pipelines.image import CalibImage
    from .calibrate import Given, Reduced, Rule
    from .files import LeftOutFile, RawSet

_PATH = click.Path(path_type=Path)


@click.command(
    cls=ExampleCommand,
    short_help="Make combined bias and dark of raw files, without an observatory.",
    examples=(
        "dailycal reduce ~/raw/20240624",
        "dailycal reduce ~/raw --day 20240624 --output ~/calib/20240624",
        "dailycal reduce ~/raw/darks --bias ~/calib/20240624/bias.fits --json",
        "dailycal reduce ~/raw/20240624 --repo run/repo",
    ),
)
@click.argument("paths", nargs=-1, required=True, type=_PATH, metavar="PATH...")
@click.option(
    "--bias",
    type=_PATH,
    metavar="FILE",
    help="Verify biases against this combined bias, and subtract it from darks.",
)
@click.option("--dark", type=_PATH, metavar="FILE", help="Verify darks against this combined dark.")
@click.option(
    "--repo",
    "repository",
    metavar="REPO",
    help="Take what --bias and --dark do not give from this Butler repository: the calibrations "
    "that are valid for the frames.",
)
@click.option(
    "--collection",
    default="LATISS/calib",
    show_default=True,
    metavar="NAME",
    help="Where to look in the repository.",
)
@click.option(
    "--day",
    type=click.IntRange(20000101, 99991231),
    metavar="YYYYMMDD",
    help="Observing day to take; by default the one with most frames.",
)
@click.option(
    "--output",
    type=_PATH,
    default=Path("reduced"),
    show_default=True,
    metavar="DIR",
    help="Where to write.",
)
@click.option("--overwrite", is_flag=True, help="Replace what an earlier reduction wrote there.")
@rule_options(
    ("evidence", "exposures", "upstream"),
    "As the script's property accept_rule: `evidence` looks at what was measured, the others "
    "count exposures.",
)
def reduce(
    paths: tuple[Path, ...],
    *,
    bias: Path | None,
    dark: Path | None,
    repository: str | None,
    collection: str,
    day: int | None,
    output: Path,
    overwrite: bool,
    failure_limit: int,
    accept_rule: str,
    as_json: bool,
) -> int:
    """Combine and verify the biases and darks of LATISS among the files of PATH...

    A directory is searched with all below it for *.fits, *.fits.fz, *.fits.gz. The largest set of
    one day and one set-up is taken. The exit code is 0 if all that was made is accepted, 1 if
    something is rejected, 66 if there is nothing to combine.
    """
    from ...extras import require

    require("reduce")
    if repository is not None:
        require("pipelines")
    from ...calibration.run_config import AcceptRule
    from .calibrate import Rule
    from .files import choose_set, find_files, open_files
    from .products import check_output

    for path in paths:
        if not path.exists():
            raise CommandError(f"There is no file or directory {path}.", ExitCode.NOT_FOUND)
    check_output(output, overwrite=overwrite)
    given = _read_all_given(bias, dark)
    names = find_files(paths, output)
    _tell(f"Reading {len(names)} files.")
    files, unusable = open_files(names)
    chosen = choose_set(files, day)
    if repository is not None:
        from .in_repository import find_given

        given = find_given(repository, collection, chosen, given)
    results, left_out = _reduce(chosen, Rule(failure_limit, AcceptRule(accept_rule)), given)
    return _finish(
        output, chosen, results, [*unusable, *chosen.left_out, *left_out], as_json=as_json
    )


def _read_all_given(bias: Path | None, dark: Path | None) -> "dict[ImageType, Given]":
    from ...model import ImageType
    from .products import read_given

    paths = {ImageType.BIAS: bias, ImageType.DARK: dark}
    return {kind: read_given(path, kind) for kind, path in paths.items() if path is not None}


def _reduce(
    chosen: "RawSet", rule: "Rule", given: "Mapping[ImageType, Given]"
) -> "tuple[list[Reduced], list[LeftOutFile]]":
    """Combine and verify biases, and then darks with the bias."""
    from ...model import ImageType
    from .calibrate import Given, reduce_type

    _check_size(chosen, [item.image for item in given.values()])
    bias, dark = given.get(ImageType.BIAS), given.get(ImageType.DARK)
    results: list[Reduced] = []
    left_out: list[LeftOutFile] = []
    for image_type in ImageType:
        files = chosen.of(image_type)
        if not files:
            continue
        _tell(f"Combining and verifying {len(files)} exposures: {image_type}.")
        reduced, left = reduce_type(image_type, files, rule, bias=bias, dark=dark)
        left_out += left
        if reduced is None:
            continue
        results.append(reduced)
        if image_type is ImageType.BIAS and bias is None:
            bias = Given(reduced.combined, "bias.fits", "bias.fits")
    return results, left_out


def _check_size(chosen: "RawSet", images: "Iterable[CalibImage]") -> None:
    from ...pipelines.isr import check_shape

    for image in images:
        for file in chosen.files[:1]:
            try:
                check_shape(file.frame, image)
            except ValueError as error:
                raise CommandError(f"{error}.", ExitCode.CONFIGURATION) from error


def _finish(
    output: Path,
    chosen: "RawSet",
    results: "Sequence[Reduced]",
    left_out: "Sequence[LeftOutFile]",
    *,
    as_json: bool,
) -> int:
    """Write and tell what was done."""
    from ..output import make_console, print_json
    from .products import Reduction, write_all
    from .tables import print_left_out, print_reduced

    report = write_all(output, chosen, results, left_out) if results else None
    if not as_json:
        print_reduced(make_console(), results)
        print_left_out(make_console(), left_out)
    elif report is not None:
        print_json(report)
    if not results:
        if as_json:
            print_json(Reduction(None, {}, (), tuple(left_out)))
        raise CommandError("There are no biases or darks that can be combined.", ExitCode.NOT_FOUND)
    if not as_json:
        _tell(f"Written to {output}.")
    accepted = all(reduced.decision.accepted for reduced in results)
    return ExitCode.OK if accepted else ExitCode.FAILED


def _tell(text: str) -> None:
    from ..output import error_console

    error_console().print(text, soft_wrap=True, markup=False)
