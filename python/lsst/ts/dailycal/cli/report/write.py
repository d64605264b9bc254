# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the files of a report."""

__all__ = ["compile_sources", "write_report"]

import json
import os
import typing
from pathlib import Path

from .sources import Sources, job_log, open_archive

if typing.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...journal.codec import Entry
    from ...model import Event, ImageType
    from ...report.compile import Pixels
    from ...report.document import Report

_LOG_LINES = 30
"""Lines of the log of a job that stand in a report."""
_LOG_BYTES = 20_000


def write_report(sources: Sources, directory: Path, *, html: bool = True) -> "Report":
    """Write ``report.json`` and ``report.html``. Blocks for seconds.

    Parameters
    ----------
    sources : `Sources`
        What it is made of.
    directory : `~pathlib.Path`
        Where to write; is made if it is not there.
    html : `bool`, optional
        The page as well? It needs the extra ``views``.

    Returns
    -------
    report : `Report`
        What was written.

    Raises
    ------
    JournalError
        If the journal is damaged.
    MissingExtraError
        If the page is asked for, and what it needs is not installed.
    OSError
        If a file cannot be written.
    """
    from ...extras import require
    from ...report.plain import to_plain

    if html:
        require("views")
    report, pixels = compile_sources(sources)
    directory.mkdir(parents=True, exist_ok=True)
    _replace(
        directory / "report.json", json.dumps(to_plain(report), ensure_ascii=False, indent=1) + "\n"
    )
    if html:
        from ...report.html import render_html

        _replace(directory / "report.html", render_html(report, pixels))
    return report


def compile_sources(
    sources: Sources,
) -> "tuple[Report, Mapping[ImageType, Pixels]]":
    """Read journal and repository.

    Parameters
    ----------
    sources : `Sources`
        Where they are.

    Returns
    -------
    report, pixels : `Report`, `~collections.abc.Mapping`
        As `~lsst.ts.dailycal.report.compile.compile_report`.
    """
    from ...page import read_page_entries
    from ...report.compile import compile_report
    from ...run import read_run_entries

    archive, gap = open_archive(sources.repository)
    records = read_run_entries(sources.journal)
    return compile_report(
        records,
        archive,
        conditions=sources.conditions,
        page=read_page_entries(sources.page) if sources.page is not None else (),
        missing=[gap] if gap else [],
        reproduce=_reproduce(sources),
        logs=dict(_logs(sources.journal, records)),
    )


def _logs(journal: Path, records: "Sequence[Entry[Event]]") -> "Iterator[tuple[str, list[str]]]":
    from ...model import JobSubmitted
    from ...report.log_tail import read_tail

    for record in records:
        if isinstance(record.event, JobSubmitted):
            path = job_log(journal, record.event.job_id)
            if path is not None:
                yield record.event.job_id, read_tail(path, _LOG_BYTES).splitlines()[-_LOG_LINES:]


def _reproduce(sources: Sources) -> list[str]:
    from ...model import Command

    journal = str(sources.journal.absolute())
    return [
        str(Command(("dailycal", "report", journal, "--repo", sources.repository))),
        str(Command(("dailycal", "status", journal))),
        str(Command(("dailycal", "repo", "show", sources.repository))),
    ]


def _replace(path: Path, text: str) -> None:
    """Write a file at once, so that nobody ever finds half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
