# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal check``."""

__all__ = ["check"]

import asyncio
import typing

import click

from ..exit_codes import EXIT_CODES_HELP, ExitCode
from ..help import ExampleCommand
from .options import (
    CheckOptions,
    Place,
    PlaceOptions,
    check_options,
    make_place,
    make_settings,
    place_options,
)

if typing.TYPE_CHECKING:
    from ...model import Finding
    from ...page import CheckSettings, PagePlan


@click.command(
    cls=ExampleCommand,
    epilog=EXIT_CODES_HELP,
    examples=(
        "dailycal check --small",
        "dailycal check --real --limits limits.yaml",
        "dailycal check --real --json",
    ),
)
@click.option("--procedure", "name", default="bias-dark", show_default=True,
              help="Page whose preconditions are looked at.")  # fmt: skip
@click.option("--from-step", default="", metavar="STEP", help="Only from this step on.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@check_options
@place_options
def check(
    *,
    name: str,
    from_step: str,
    as_json: bool,
    checks: CheckOptions,
    place: PlaceOptions,
) -> int:
    """Look at the preconditions of a procedure page. Nothing is moved, nothing is announced.

    Exit code 0 if a run may begin, 1 if anything refuses.
    """
    from ...model import Severity
    from ...page import PageOptions, make_page_plan
    from .run import find_procedure

    plan = make_page_plan(find_procedure(name), PageOptions(from_step=from_step))
    there = make_place(place, enabled=bool(from_step))
    findings = _look(plan, there, make_settings(there, checks))
    refused = any(finding.severity is Severity.REFUSAL for finding in findings)
    if as_json:
        from ..output import print_json
        from ..printed import CheckVerdict

        print_json(CheckVerdict(not refused, tuple(findings)))
    else:
        from ..output import make_console
        from .tables import checks_table

        make_console().print(checks_table(findings))
    return ExitCode.FAILED if refused else ExitCode.OK


def _look(plan: "PagePlan", place: Place, settings: "CheckSettings") -> "list[Finding]":
    from ...page import PageChecks
    from ..output import error_console
    from .session import claim_place, prepare_place, session

    def tell(text: str) -> None:
        error_console().print(text, soft_wrap=True, markup=False)

    async def look() -> "list[Finding]":
        async with session(place, plan.to_do, tell, tell) as ports:
            checks = PageChecks(ports, settings)
            findings = await checks.look(plan.to_do)
            checks.check_accepted(findings)
            return checks.accept(findings)

    claim_place(place)
    prepare_place(place, tell)
    return asyncio.run(look())
