# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal resume``."""

__all__ = ["resume"]

import dataclasses
import os
import typing
from pathlib import Path

import click

from ..errors import CommandError
from ..exit_codes import EXIT_CODES_HELP, ExitCode
from ..help import ExampleCommand
from ..journal_directory import write_journals_to
from ..script.command import INDEX_OPTION, LOG_LEVEL_OPTION
from ..simulate.directory import is_ours
from ..simulate.options import MARKER
from ..watch.options import display_options
from .directory import DIRECTORY_OPTION
from .journals import find_journal, is_page, latest_journal, read_run

if typing.TYPE_CHECKING:
    from ...run import RunState
    from ...sim.config import SimulationConfig
    from ..simulate.rehearsal import RehearsalRequest

SCRIPT = "auxtel/make_latiss_calibrations.py"
"""The script that runs are made with."""


@click.command(
    cls=ExampleCommand,
    epilog=EXIT_CODES_HELP,
    examples=(
        "dailycal resume 20261123T143000-200123",
        "dailycal resume --last --yes",
    ),
)
@click.argument("run", required=False)
@click.option("--last", is_flag=True, help="The latest run.")
@DIRECTORY_OPTION
@INDEX_OPTION
@LOG_LEVEL_OPTION
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before starting.")
@display_options
@click.pass_context
def resume(
    context: click.Context,
    *,
    run: str | None,
    last: bool,
    directory: Path | None,
    index: int | None,
    log_level: str,
    as_json: bool,
    yes: bool,
    plain: bool,
    quiet: bool,
) -> int:
    """Finish a run that failed, was stopped or was killed.

    RUN is the id of a run, or the path of its journal. Frames that are missing are taken, jobs
    without a result are submitted, and what was accepted is certified; nothing is done twice.
    """
    if last == (run is not None):
        raise click.UsageError("Give the id of a run, or --last.")
    path = latest_journal(directory) if run is None else find_journal(run, directory)
    _refuse_page(path)
    state = _read(path)
    if _is_finished(state):
        click.echo(f"Run {path.stem} is finished; there is nothing left to do.", err=as_json)
        return ExitCode.OK
    simulation = _simulation(path)
    if simulation is not None:
        request = _rehearsal_request(simulation, path, _mode(state), index)
        from ..simulate.rehearse import carry_out_rehearsal

        return carry_out_rehearsal(
            request, run_id=path.stem, as_json=as_json, plain=plain, quiet=quiet
        )
    # The script is a process of its own, and finds the journal by its environment.
    write_journals_to(path.parent.absolute())
    from ..script.command import script

    return typing.cast(
        "int",
        context.invoke(
            script,
            path=SCRIPT,
            pairs=(f"script_mode={_mode(state)}", f"resume='{path.stem}'"),
            index=index,
            log_level=log_level,
            as_json=as_json,
            yes=yes,
            plain=plain,
            quiet=quiet,
        ),
    )


def _simulation(path: Path) -> "SimulationConfig | None":
    """Return the simulated observatory that a run was made in, if it has to be started again."""
    root = path.absolute().parent.parent
    joined = "DAILYCAL_SIM_CONFIG" in os.environ or "LSST_DDS_PARTITION_PREFIX" in os.environ
    if joined or path.absolute().parent.name != "journal" or not is_ours(root):
        return None
    from ...sim.config import SimulationConfig

    there = SimulationConfig.load(root / MARKER)
    # A fault that was rehearsed has struck; whoever goes on has removed its cause.
    return dataclasses.replace(there, root=root, faults=(), started_at=None, start_tai=None)


def _rehearsal_request(
    config: "SimulationConfig", path: Path, mode: str, index: int | None
) -> "RehearsalRequest":
    """Say how to go on with a run in its simulated observatory, which is started for it."""
    import logging

    from ..script.path import find_script
    from ..simulate.directory import claim_directory
    from ..simulate.rehearsal import RehearsalRequest
    from ..simulate.rehearse import INDEX

    claim_directory(config.root, keep=True, yes=False)
    return RehearsalRequest(
        config=config,
        script=find_script(SCRIPT),
        script_config=f"script_mode: {mode}\nresume: {path.stem}\n",
        index=index or INDEX,
        log_level=logging.INFO,
    )


def _refuse_page(path: Path) -> None:
    """Tell how to go on with a run of the page, which is no run of the script.

    Raises
    ------
    CommandError
        If the journal is that of a run of the page.
    """
    if not is_page(path):
        return
    known = read_run(path)
    ids = [run.run_id for run in known.scripts]
    parts = [f"{path.stem} is a run of the whole page; its steps are scripts of their own."]
    if ids:
        parts.append(f"The run that took the images: {', '.join(ids)}.")
    if known.listed.advice:  # last, and without a full stop: it is there to be copied
        parts.append("To go on:")
    raise CommandError(" ".join(parts), ExitCode.USAGE, known.listed.advice)


def _read(path: Path) -> "RunState":
    """Read a journal.

    Raises
    ------
    CommandError
        If nothing was recorded in it, so that there is nothing to go on with.
    JournalError
        If it is not there or damaged.
    """
    from ...run.journal import read_journal
    from ...run.state import RunState

    state = RunState(read_journal(path))
    if state.started is None:
        raise CommandError(
            f"{path} ends before the run began; start a new one.", ExitCode.NOT_FOUND
        )
    return state


def _is_finished(state: "RunState") -> bool:
    """Tell whether everything that was asked for has been carried out, rejections included."""
    from ...calibration import final_verdict

    return state.outcome is not None and final_verdict(state.outcome).success


def _mode(state: "RunState") -> str:
    """Return the script mode, which the script insists on; its plan says the same (`str`)."""
    return "_".join(dict.fromkeys(kind.value for kind, _ in state.slots))
