# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server-sent events: the parts of a page that have changed since a reader had them."""

__all__ = ["stream"]

import json
from collections.abc import Mapping

from aiohttp import web

from .watcher import Watcher

HEARTBEAT = 15.0
"""How long a connection may be silent, in seconds; proxies end those that are longer."""


async def stream(request: web.Request, watcher: Watcher) -> web.StreamResponse:
    """Send the parts of a page as they change, until the run is over or the reader is gone.

    A reader who comes late, or comes back, is sent all parts unless he has them: the id of an
    event is the fingerprint of all parts after it, and a page asks with that of its own parts.

    Parameters
    ----------
    request : `aiohttp.web.Request`
        What the reader asked for.
    watcher : `Watcher`
        The run.
    """
    parts, state = await watcher.parts(), watcher.state
    response = web.StreamResponse(headers={"X-Accel-Buffering": "no"})
    response.content_type = "text/event-stream"
    response.charset = "utf-8"
    await response.prepare(request)
    sent: dict[str, str] = {}
    known = request.headers.get("Last-Event-ID") or request.query.get("state")
    if known == state:
        sent = dict(parts)
    try:
        while True:
            # In this order: what is sent last is never older than what says that it is the last.
            is_over = (await watcher.view()).is_over
            parts = await watcher.parts()
            await _send_changes(response, sent, parts, watcher.state)
            if watcher.is_ended:
                return response
            if is_over:
                await response.write(b"event: over\ndata: {}\n\n")
                return response
            await watcher.wait(HEARTBEAT)
    except (ConnectionResetError, ConnectionAbortedError):
        return response  # the reader is gone


async def _send_changes(
    response: web.StreamResponse, sent: dict[str, str], parts: Mapping[str, str], state: str
) -> None:
    changed = {name: html for name, html in parts.items() if sent.get(name) != html}
    if not changed:
        await response.write(b": still there\n\n")
        return
    sent.update(changed)
    data = json.dumps(changed, ensure_ascii=False)
    text = f"id: {state}\nevent: parts\ndata: {data}\n\n"
    await response.write(text.encode("utf-8"))
