# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What components publish while a test runs."""

__all__ = ["TopicRecorder", "record_topics"]

import contextlib
import typing
from collections.abc import AsyncIterator, Callable

from ..sal.compat import message_fields
from ..sal.topics import TopicReader

PATIENCE = 30.0
"""How long something is waited for, in seconds."""


class TopicRecorder:
    """Keeps what a component publishes in some of its events and telemetry, history included.

    Parameters
    ----------
    remote : `lsst.ts.salobj.Remote`
        Remote of the component.
    topics : `~collections.abc.Sequence` [`str`]
        Names of events or telemetry, without ``evt_`` and ``tel_``.
    """

    def __init__(self, remote: typing.Any, *topics: str) -> None:
        self._reader = TopicReader()
        self._seen: dict[str, list[dict[str, typing.Any]]] = {name: [] for name in topics}
        for name in topics:
            topic = getattr(remote, f"evt_{name}", None) or getattr(remote, f"tel_{name}")
            self._reader.listen(topic, self._keep(name))

    def _keep(self, name: str) -> Callable[[typing.Any], None]:
        return lambda message: self._seen[name].append(dict(message_fields(message)))

    def of(self, topic: str) -> list[dict[str, typing.Any]]:
        """Return what was heard on a topic, oldest first (`list` [`dict`])."""
        return self._seen[topic]

    async def wait_for(
        self, topic: str, timeout: float = PATIENCE, **fields: typing.Any
    ) -> dict[str, typing.Any]:
        """Wait until a message with these values of fields has been heard, and return it.

        Raises
        ------
        AssertionError
            If none came within ``timeout`` seconds; tells what was heard last.
        """
        seen = self._seen[topic]

        def found() -> dict[str, typing.Any] | None:
            return next((item for item in seen if fields.items() <= item.items()), None)

        await self._reader.wait_until(lambda: found() is not None, timeout)
        message = found()
        assert message is not None, (  # noqa: S101 - that is what it is for
            f"no {topic} with {fields} within {timeout:g} s; heard last: {seen[-1:]}"
        )
        return message


@contextlib.asynccontextmanager
async def record_topics(
    component: str, *topics: str, index: int = 0
) -> AsyncIterator[TopicRecorder]:
    """Listen to a component for as long as the context lasts.

    Parameters
    ----------
    component : `str`
        Its SAL name, e.g. ``ATCamera``.
    *topics : `str`
        Names of events or telemetry.
    index : `int`, optional
        Its SAL index.
    """
    import lsst.ts.salobj as salobj

    async with salobj.Domain() as domain:
        remote = salobj.Remote(domain, component, index, include=list(topics))
        recorder = TopicRecorder(remote, *topics)
        await remote.start_task
        yield recorder
