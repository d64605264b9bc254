# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of the faults that were rehearsed, at the end of a command."""

__all__ = ["tell_faults"]

import dataclasses
import typing
from collections.abc import Iterable
from pathlib import Path

if typing.TYPE_CHECKING:
    from ...sim.config import SimulationConfig


def tell_faults(config: "SimulationConfig", journals: Iterable[Path], *, as_json: bool) -> None:
    """Say of each fault that was rehearsed where it struck, or why it never did.

    Parameters
    ----------
    config : `SimulationConfig`
        The observatory that was started.
    journals : `~collections.abc.Iterable` [`~pathlib.Path`]
        Journals of the script's runs in it, in which the images have their places in the plan.
    as_json : `bool`
        Is it for programs?
    """
    from ...sim.faults.log import FAULT_LOG, FaultLog, report_faults
    from ..output import make_console, print_json

    if not config.faults:
        return
    occasions = FaultLog(config.root / FAULT_LOG).read()
    for report in report_faults(config.faults, occasions, _labels(journals)):
        if as_json:
            print_json({"event": "FaultRehearsed", **dataclasses.asdict(report)})
        else:
            style = "yellow" if report.reason else ""
            make_console().print(str(report), style=style, soft_wrap=True, markup=False)


def _labels(journals: Iterable[Path]) -> dict[str, str]:
    from ...model import ExposureTaken
    from ...run import read_run_entries

    return {
        str(entry.event.image.name): entry.event.image.planned.label
        for path in journals
        for entry in read_run_entries(path)
        if isinstance(entry.event, ExposureTaken)
    }
