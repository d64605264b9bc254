# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions of the programs that took part in a run."""

__all__ = ["collect_versions"]

from ..calibration import job_run
from ..model import CalibrationError
from ..ports.archive import Archive
from ..run.state import RunState
from ..version import installed_versions
from .summary import RunSummary

_PACKAGES = (
    "daf_butler", "lsst.daf.butler", "pipe_base", "lsst.pipe.base", "cp_pipe", "lsst.cp.pipe",
    "cp_verify", "lsst.cp.verify", "ip_isr", "lsst.ip.isr", "lsst.ts.dailycal", "ts_dailycal",
    "numpy", "python",
)  # fmt: skip
"""What of the packages that a job writes down decides its results."""


def collect_versions(
    summary: RunSummary, state: RunState, archive: Archive | None, gaps: list[str]
) -> dict[str, str]:
    """Tell what the script, the jobs and the report ran with.

    Parameters
    ----------
    summary : `RunSummary`
        The run.
    state : `RunState`
        The fold of its journal.
    archive : `Archive` or `None`
        Its repository, where the jobs wrote down what they ran with.
    gaps : `list` [`str`]
        Gets what could not be read.

    Returns
    -------
    versions : `dict` [`str`, `str`]
        By the name of the package and where it was used.
    """
    started = state.started
    of_run = dict(started.versions) if started is not None else {}
    versions = {f"{name} of the run": item for name, item in of_run.items()}
    versions.setdefault("ts_dailycal of the run", summary.version)
    done = [job for job in state.jobs.values() if job.result is not None and job.result.succeeded]
    if archive is not None and done:
        try:
            found = archive.read_versions(job_run(done[-1].job_id))
            versions |= {f"{name} of the jobs": found[name] for name in _PACKAGES if name in found}
        except CalibrationError as error:
            gaps.append(str(error))
    return versions | {f"{name} of the report": item for name, item in installed_versions()}
