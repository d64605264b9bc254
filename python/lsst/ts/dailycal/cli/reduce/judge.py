# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal judge``."""

__all__ = ["judge"]

import typing
from pathlib import Path

import click

from ..errors import CommandError
from ..exit_codes import ExitCode
from ..help import ExampleCommand
from .options import rule_options

if typing.TYPE_CHECKING:
    from ...model import RunStatistics


@click.command(
    cls=ExampleCommand,
    short_help="Apply the accept rule to statistics in a file.",
    examples=(
        "dailycal judge verifyBiasStats.yaml",
        "dailycal judge --type DARK --threshold 4 --json stats.yaml",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--type", "image_type", type=click.Choice(["BIAS", "DARK"], case_sensitive=False),
              help="Image type; by default the name of the file says it.")  # fmt: skip
@rule_options(
    ("exposures", "upstream"),
    "How exposures are counted. The rule `evidence` needs what was measured, which these "
    "statistics do not hold.",
)
def judge(
    file: Path, *, image_type: str | None, failure_limit: int, accept_rule: str, as_json: bool
) -> int:
    """Say whether the exposures of FILE are good enough for a calibration.

    FILE is the YAML of a dataset verifyBiasStats or verifyDarkStats, of cp_verify or of
    `dailycal reduce`. The exit code is 0 if they are accepted and 1 if they are rejected.
    """
    from ...calibration.accept import decide
    from ...calibration.run_config import AcceptRule
    from ...model import ImageType
    from ..output import make_console, print_json
    from .tables import print_decision

    statistics = _read(file)
    decision = decide(
        ImageType((image_type or _type_of(file)).upper()),
        statistics,
        failure_limit=failure_limit,
        rule=AcceptRule(accept_rule),
    )
    if as_json:
        print_json(decision)
    else:
        print_decision(make_console(), decision)
    return ExitCode.OK if decision.accepted else ExitCode.FAILED


def _type_of(file: Path) -> str:
    found = [name for name in ("BIAS", "DARK") if name in file.name.upper()]
    if len(found) != 1:
        raise click.UsageError(f"The name {file.name} does not say BIAS or DARK; use --type.")
    return found[0]


def _read(file: Path) -> "RunStatistics":
    import yaml

    from ...calibration import describe_yaml_error
    from ...model import RunStatistics, StatisticsError

    try:
        # Statistics of a thousand exposures take seconds in Python's own parser.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        content = yaml.load(file.read_bytes(), loader)  # noqa: S506 - a safe loader
        statistics = RunStatistics.parse(content)
    except FileNotFoundError as error:
        raise CommandError(f"There is no file {file}.", ExitCode.NOT_FOUND) from error
    except (yaml.YAMLError, UnicodeError) as error:
        what = describe_yaml_error(error)
        raise CommandError(f"{file} is not YAML: {what}.", ExitCode.CONFIGURATION) from error
    except StatisticsError as error:
        raise CommandError(
            f"{file} is not verifyBiasStats or verifyDarkStats: {error}", ExitCode.CONFIGURATION
        ) from error
    if not statistics.exposures:
        raise CommandError(f"{file} has no exposures.", ExitCode.CONFIGURATION)
    return statistics
