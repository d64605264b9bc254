# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The web application of the live page: read-only, from this machine, nothing from outside."""

__all__ = ["RunSource", "make_app"]

import asyncio
import json
import typing
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from pathlib import Path

from aiohttp import web

from ..model import ImageName, JournalError
from ..report.listing import ListedRun
from ..report.parts import AMPLIFIER_ORDER
from ..report.plain import to_plain
from ..report.plots import PLOTS, series_of
from .fragments import Renderer
from .pictures import AMPLIFIER, DETECTOR, HISTOGRAM, PictureError, PictureMaker
from .stream import stream
from .watcher import Watchers

_STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_LOG_BYTES = 100_000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of every answer."""
_KEPT = {"Cache-Control": "private, max-age=3600"}
"""For pictures: that of an address is always the same."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
"""Names under which this machine may be asked for; another one is a trick of a foreign page."""


class RunSource(typing.Protocol):
    """Where runs, their repositories and the logs of their jobs are. Everything blocks."""

    def list(self) -> tuple[Sequence[ListedRun], Sequence[str]]:
        """List the runs, the latest first, and what is wrong with journals."""
        ...

    def find(self, run_id: str) -> Path:
        """Find the journal of a run; `LookupError` if there is none of that name."""
        ...

    def repository(self, journal: Path) -> str:
        """Tell which repository a run of the script uses; empty if it cannot be read from here."""
        ...

    def time_scale(self, journal: Path) -> float:
        """Tell how much faster than at the telescope exposures are; 1 at the telescope."""
        ...

    def job_log(self, journal: Path, job_id: str) -> Path | None:
        """Find the log of a job; `None` if it cannot be read from here."""
        ...


RUNS = web.AppKey("runs", RunSource)
WATCHERS = web.AppKey("watchers", Watchers)
RENDERER = web.AppKey("renderer", Renderer)
PICTURES = web.AppKey("pictures", PictureMaker)


def make_app(
    source: RunSource,
    make_frame: Callable[[str, int, str, str], bytes],
    read_tests: Callable[..., typing.Any],
    *,
    hosts: Collection[str] | None = LOOPBACK,
) -> web.Application:
    """Make the application.

    Parameters
    ----------
    source : `RunSource`
        Where the runs are.
    make_frame : `~collections.abc.Callable`
        Makes pictures of frames, see `PictureMaker`.
    read_tests : `~collections.abc.Callable`
        Reads the verification tests of a job: repository, collection, dataset type.
    hosts : `~collections.abc.Collection` [`str`] or `None`, optional
        Names under which the server may be asked for; `None` for any.
    """
    app = web.Application(middlewares=[_guard(hosts), _explain])
    app[RUNS], app[RENDERER] = source, Renderer()

    app[WATCHERS] = Watchers(source, app[RENDERER], read_tests)
    app[PICTURES] = PictureMaker(make_frame)

    async def own(app: web.Application) -> AsyncIterator[None]:
        # The watchers read journals in threads, the pictures are made in another process.
        async with app[WATCHERS], app[PICTURES]:
            yield

    app.cleanup_ctx.append(own)
    app.on_shutdown.append(_end_streams)
    app.on_response_prepare.append(_add_headers)
    app.router.add_get("/", _index)
    app.router.add_get("/static/{name}", _static)
    app.router.add_get("/runs/{run}.json", _json)
    app.router.add_get("/runs/{run}", _run)
    app.router.add_get("/runs/{run}/events", _events, allow_head=False)
    app.router.add_get("/runs/{run}/frames/{image}.png", _detector)
    app.router.add_get("/runs/{run}/frames/{image}", _frame)
    app.router.add_get("/runs/{run}/frames/{image}/histogram.svg", _histogram)
    app.router.add_get("/runs/{run}/frames/{image}/{amplifier}.png", _amplifier)
    app.router.add_get("/runs/{run}/plots/{plot}.svg", _plot)
    app.router.add_get("/runs/{run}/jobs/{job}", _job_log)
    return app


async def _end_streams(app: web.Application) -> None:
    app[WATCHERS].end()


def _guard(hosts: Collection[str] | None) -> typing.Any:
    @web.middleware
    async def guard(request: web.Request, handler: typing.Any) -> web.StreamResponse:
        name = request.host if request.host.endswith("]") else request.host.rsplit(":", 1)[0]
        if hosts is not None and name not in hosts:
            raise web.HTTPMisdirectedRequest(text=f"This server is not {name}.")
        return typing.cast("web.StreamResponse", await handler(request))

    return guard


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    for key, value in HEADERS.items():
        response.headers.setdefault(key, value)


@web.middleware
async def _explain(request: web.Request, handler: typing.Any) -> web.StreamResponse:
    """Say in words what is wrong."""
    try:
        return typing.cast("web.StreamResponse", await handler(request))
    except LookupError as error:
        return _problem(request, 404, "There is nothing here", str(error.args[0]))
    except JournalError as error:
        return _problem(request, 500, "The journal cannot be read", str(error))


def _problem(request: web.Request, status: int, title: str, text: str) -> web.Response:
    html = request.app[RENDERER].problem(title, text)
    return web.Response(text=html, content_type="text/html", status=status)


async def _journal(request: web.Request) -> Path:
    """Find the journal of the run in the address, by a name that is none of a path."""
    return await asyncio.to_thread(request.app[RUNS].find, request.match_info["run"])


async def _index(request: web.Request) -> web.Response:
    runs, problems = await asyncio.to_thread(request.app[RUNS].list)
    html = request.app[RENDERER].index(runs, problems)
    return web.Response(text=html, content_type="text/html")


async def _static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name == "style.css":
        return web.Response(text=request.app[RENDERER].style, content_type="text/css")
    known = {path.name: path for path in await asyncio.to_thread(lambda: [*_STATIC.iterdir()])}
    if name not in known:
        raise LookupError(f"There is no file {name}.")
    text = await asyncio.to_thread(known[name].read_text, encoding="utf-8")
    return web.Response(text=text, content_type=_TYPES[known[name].suffix])


async def _run(request: web.Request) -> web.Response:
    watcher = request.app[WATCHERS].watch(await _journal(request))
    html = await watcher.page()
    return web.Response(text=html, content_type="text/html")


async def _json(request: web.Request) -> web.Response:
    view = await request.app[WATCHERS].watch(await _journal(request)).view()
    text = json.dumps(to_plain(view.report), ensure_ascii=False)
    return web.Response(text=text, content_type="application/json")


async def _events(request: web.Request) -> web.StreamResponse:
    watcher = request.app[WATCHERS].watch(await _journal(request))
    return await stream(request, watcher)


async def _frame(request: web.Request) -> web.Response:
    watcher = request.app[WATCHERS].watch(await _journal(request))
    view = await watcher.view()
    taken = [item for item in view.report.exposures if item.image] if view.report else []
    names = [str(item.image) for item in taken]
    name = _image(request)
    if name not in names:
        raise LookupError(f"The run took no image {name}.")
    at = names.index(name)
    item = taken[at]
    html = request.app[RENDERER].frame(
        run_id=view.run_id,
        image=name,
        before=names[at - 1] if at else "",
        after=names[at + 1] if at + 1 < len(names) else "",
        facts=f"{item.image_type} {item.number}, {item.exposure_time:g} s: {item.fate}"
        + (f", {item.reason}" if item.reason else ""),
        amplifiers=AMPLIFIER_ORDER,
    )
    return web.Response(text=html, content_type="text/html")


def _image(request: web.Request) -> str:
    text = request.match_info["image"]
    try:
        return str(ImageName.parse(text))
    except ValueError:
        raise LookupError(f"{text} is not the name of an image.") from None


async def _picture(request: web.Request, kind: str, amplifier: str = "") -> bytes:
    watcher = request.app[WATCHERS].watch(await _journal(request))
    repository = await watcher.repository()
    if not repository:
        raise PictureError("The repository of this run cannot be read from here.")
    name, view = _image(request), await watcher.view()
    if view.report is None or name not in {str(item.image) for item in view.report.exposures}:
        raise LookupError(f"The run took no image {name}.")
    exposure_id = ImageName.parse(name).exposure_id
    return await request.app[PICTURES].frame(repository, exposure_id, kind, amplifier)


async def _detector(request: web.Request) -> web.Response:
    return _png(await _picture(request, DETECTOR))


async def _amplifier(request: web.Request) -> web.Response:
    name = request.match_info["amplifier"]
    if name not in AMPLIFIER_ORDER:
        raise LookupError(f"There is no amplifier {name}.")
    return _png(await _picture(request, AMPLIFIER, name))


def _png(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="image/png", headers=_KEPT)


async def _histogram(request: web.Request) -> web.Response:
    return _svg(await _picture(request, HISTOGRAM))


def _svg(body: bytes) -> web.Response:
    # matplotlib puts its styles into the picture itself, which is a document of its own.
    policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return web.Response(body=body, content_type="image/svg+xml", headers=policy | _KEPT)


async def _plot(request: web.Request) -> web.Response:
    name = request.match_info["plot"]
    if name not in PLOTS:
        raise LookupError(f"There is no plot {name}.")
    view = await request.app[WATCHERS].watch(await _journal(request)).view()
    if view.report is None:
        raise LookupError("Nothing was measured yet.")
    biases, darks, measured = series_of(view.report, name)
    key = ("plot", view.run_id, name, str(measured))
    body = await request.app[PICTURES].plot(key, biases, darks, PLOTS[name][0])
    return _svg(body)


async def _job_log(request: web.Request) -> web.Response:
    """Show the end of the log of a job of the run."""
    watcher = request.app[WATCHERS].watch(await _journal(request))
    view, job_id = await watcher.view(), request.match_info["job"]
    if view.report is None or job_id not in {job.job_id for job in view.report.jobs if job.job_id}:
        raise LookupError(f"The run has no job {job_id}.")
    assert view.journal is not None  # noqa: S101 - the report was made of it
    path = await asyncio.to_thread(request.app[RUNS].job_log, view.journal, job_id)
    if path is None:
        raise LookupError(f"The log of job {job_id} cannot be read from here.")
    return web.Response(text=await asyncio.to_thread(_tail, path), content_type="text/plain")


def _tail(path: Path) -> str:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _LOG_BYTES))
        return stream.read().decode("utf-8", "replace")
