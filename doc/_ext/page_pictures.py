# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pictures in ``doc/pictures``: terminal, live page and report of runs that really took place.

``make docs`` makes them anew when what they show has changed. The runs are carried out in the
observatory in memory. A terminal is drawn by rich; pages are opened in Chromium, and where there is
none, their pictures are kept as they are.
"""

import contextlib
import hashlib
import io
import os
import pathlib
import sys
import tempfile
import typing
from collections.abc import Iterator

from rich.console import CONSOLE_SVG_FORMAT, Console, RenderableType

from lsst.ts.dailycal.journal import DIRECTORY_VARIABLE

if typing.TYPE_CHECKING:
    from served_pages import Served

ROOT = pathlib.Path(__file__).parents[2]
PICTURES = ROOT / "doc" / "pictures"
MADE_FROM = PICTURES / "made_from.txt"
PACKAGE = ROOT / "python" / "lsst" / "ts" / "dailycal"
SHOWN = ("web", "report", "figures", "cli/watch", "cli/runs")
"""Rooms that the pictures show."""
PATIENCE = 240.0
"""How long a page may take to be there, in seconds; two on a quiet machine."""
WIDTH = 92
"""Columns of the terminal."""

sys.path.insert(0, str(ROOT / "tests"))


def fingerprint(name: str) -> str:
    """Return what the sources of the pictures are now, for terminals or for pages (`str`)."""
    digest = hashlib.blake2b(name.encode(), digest_size=12)
    shown = (path for room in SHOWN for path in sorted(PACKAGE.glob(f"{room}/**/*")))
    for path in (pathlib.Path(__file__), *shown):
        if path.suffix in {".py", ".html", ".css", ".js"}:
            digest.update(path.read_bytes())
    return f"{name} {digest.hexdigest()}"


def make_pictures(*, always: bool = False) -> None:
    """Make the pictures anew whose sources have changed, and say what was done."""
    from selenium.common.exceptions import WebDriverException

    from browser import CHROMIUM, DRIVER

    known = MADE_FROM.read_text(encoding="utf-8").splitlines() if MADE_FROM.exists() else []
    made = dict(line.split(maxsplit=1) for line in known)
    sources = {name: fingerprint(name) for name in ("terminal", "pages")}
    wanted = [name for name, line in sources.items() if always or line not in known]
    if "pages" in wanted and (CHROMIUM is None or DRIVER is None):
        wanted.remove("pages")
        say("The pictures of the pages are kept as they are: there is no chromium with its driver.")
    if not wanted:
        return
    PICTURES.mkdir(exist_ok=True)
    from served_pages import serve_runs

    # From where a person would be, or the commands that are shown would name this machine's paths.
    with (
        tempfile.TemporaryDirectory() as name,
        contextlib.chdir(name),
        journals_in("run/journal"),
        serve_runs(pathlib.Path("run")) as served,
    ):
        if "terminal" in wanted:
            draw_terminals(served, PICTURES)
        if "pages" in wanted:
            try:
                draw_pages(served, PICTURES)
            except WebDriverException as error:
                wanted.remove("pages")
                say(f"Pictures of the pages are not made anew: chromium says {error.msg}")
    made |= {name: sources[name].split()[1] for name in wanted}
    text = "".join(f"{name} {value}\n" for name, value in sorted(made.items()))
    MADE_FROM.write_text(text, encoding="utf-8")
    say(f"The pictures in {PICTURES.relative_to(ROOT)} were made anew: {' and '.join(wanted)}.")


@contextlib.contextmanager
def journals_in(directory: str) -> Iterator[None]:
    """Let commands look for journals in a directory."""
    before = os.environ.get(DIRECTORY_VARIABLE)
    os.environ[DIRECTORY_VARIABLE] = directory
    try:
        yield
    finally:
        del os.environ[DIRECTORY_VARIABLE]
        if before is not None:
            os.environ[DIRECTORY_VARIABLE] = before


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr)  # noqa: T201


def draw_terminals(served: "Served", directory: pathlib.Path) -> None:
    """Draw what a terminal shows: in the middle of a run, and at the end of others."""
    from lsst.ts.dailycal.cli.runs.command import shown
    from lsst.ts.dailycal.cli.runs.journals import read_run
    from served_pages import FAILED, GOOD, MIDDLE, REJECTED

    journals = served.directory / "journal"
    name = f"dailycal watch {MIDDLE}"
    draw(directory / "terminal-in-the-middle.svg", name, panel(journals / f"{MIDDLE}.jsonl"))
    for kind, run in (("good", GOOD), ("rejected", REJECTED), ("failed", FAILED)):
        result = shown(read_run(journals / f"{run}.jsonl"))
        draw(directory / f"terminal-{kind}.svg", f"dailycal status {run}", result)


def panel(path: pathlib.Path) -> RenderableType:
    """Return the display of a run at its last record so far."""
    from lsst.ts.dailycal.report.panel import render_panel
    from lsst.ts.dailycal.report.progress import Progress
    from lsst.ts.dailycal.run import read_run_entries

    progress, records = Progress(), read_run_entries(path)
    for record in records:
        progress.apply_run(record.event, record.tai)
    now = records[-1].tai
    return render_panel(progress, now, now - 37.0, WIDTH)


def draw(path: pathlib.Path, title: str, what: RenderableType) -> None:
    """Draw a terminal as SVG, which asks for no font of somebody else."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(what)
    begin, end = CONSOLE_SVG_FORMAT.index("@font-face"), CONSOLE_SVG_FORMAT.index(".{unique_id}-m")
    style = CONSOLE_SVG_FORMAT[:begin] + CONSOLE_SVG_FORMAT[end:]
    path.write_text(
        console.export_svg(title=title, code_format=style, unique_id=path.stem), encoding="utf-8"
    )


def draw_pages(served: "Served", directory: pathlib.Path) -> None:
    """Draw the live page of each run, and the report of the good one, as Chromium shows them."""
    from browser import DESKTOP, PHONE, Browser
    from served_pages import FAILED, GOOD, MIDDLE, REJECTED

    shots = (
        ("live-page-in-the-middle", MIDDLE, DESKTOP, False),
        ("live-page-phone-dark", MIDDLE, PHONE, True),
        ("run-good", GOOD, DESKTOP, False),
        ("run-rejected", REJECTED, DESKTOP, False),
        ("run-failed", FAILED, DESKTOP, False),
    )
    browser = Browser()
    browser.driver.set_page_load_timeout(PATIENCE)
    try:
        for name, run, size, dark in shots:
            browser.show(f"{served.address}runs/{run}", size, dark=dark)
            browser.wait_for_pictures(PATIENCE)
            browser.driver.save_screenshot(str(directory / f"{name}.png"))
        browser.show(write_report(served, GOOD).absolute().as_uri(), DESKTOP)
        browser.driver.save_screenshot(str(directory / "report-of-good.png"))
    finally:
        browser.driver.quit()


def write_report(served: "Served", run: str) -> pathlib.Path:
    """Write the report of a run, and return where."""
    from lsst.ts.dailycal.report.compile import compile_report
    from lsst.ts.dailycal.report.html import render_html
    from lsst.ts.dailycal.run import read_run_entries

    records = read_run_entries(served.directory / "journal" / f"{run}.jsonl")
    path = served.directory / f"{run}.html"
    path.write_text(render_html(*compile_report(records, served.runs[run].archive)))
    return path


if __name__ == "__main__":
    make_pictures(always="--if-changed" not in sys.argv[1:])
