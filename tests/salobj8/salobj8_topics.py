# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Topics with the write and command interfaces of salobj 8, over a bus in memory."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import inspect
import itertools
import typing

from lsst.ts.utils import current_tai
from salobj8_messages import Message, message_type


class SalRetCode(enum.IntEnum):
    """Acknowledgements."""

    CMD_INPROGRESS = 301
    CMD_STALLED = 302
    CMD_COMPLETE = 303
    CMD_NOPERM = -300
    CMD_NOACK = -301
    CMD_FAILED = -302
    CMD_ABORTED = -303
    CMD_TIMEOUT = -304


class ExpectedError(Exception):
    """An error without a traceback in the log."""


class AckError(Exception):
    """A command that was not carried out."""

    def __init__(self, msg: str, ackcmd: Message) -> None:
        super().__init__(msg)
        self.ackcmd = ackcmd


class AckTimeoutError(AckError):
    """A command without an answer."""


class Bus:
    """Carries messages from writers to readers, and keeps the last ones for those who come late."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str, Message]] = []
        self.readers: dict[tuple[str, str], list[ReadTopic]] = {}
        self._numbers = itertools.count(1)

    def next_number(self) -> int:
        """Number a message."""
        return next(self._numbers)

    def deliver(self, component: str, topic: str, message: Message) -> None:
        """Give a message to whoever reads its topic."""
        self.written.append((component, topic, message))
        for reader in list(self.readers.get((component, topic), ())):
            if reader.index in (0, message.salIndex):
                reader.hear(message)

    def last(self, component: str, topic: str) -> Message | None:
        """Return the last message of a topic."""
        found = [item for name, attr, item in self.written if (name, attr) == (component, topic)]
        return found[-1] if found else None


@dataclasses.dataclass
class SetWriteResult:
    """What ``set_write`` returns."""

    did_change: bool
    was_written: bool
    data: Message


class Topic:
    """What readers and writers have in common."""

    def __init__(self, salinfo: typing.Any, attr_name: str) -> None:
        self.salinfo = salinfo
        self.attr_name = attr_name
        self.DataType = message_type(salinfo.name, attr_name)

    @property
    def bus(self) -> Bus:
        return self.salinfo.domain.bus


class WriteTopic(Topic):
    """A topic that is written: no ``put``, everything a coroutine."""

    def __init__(self, salinfo: typing.Any, attr_name: str) -> None:
        super().__init__(salinfo, attr_name)
        self.data = self.DataType()
        self.has_data = False

    def set(self, **fields: object) -> bool:
        changed = not self.has_data
        for name, value in fields.items():
            before = getattr(self.data, name)
            self.data.put(name, value)
            changed = changed or getattr(self.data, name) != before
        self.has_data = True
        return changed

    async def write(self) -> Message:
        if not self.salinfo.started:
            raise RuntimeError(f"{self.attr_name} is written before its component is started")
        data = self.data.copy()
        data.private_sndStamp = current_tai()
        data.private_identity = self.salinfo.identity
        if self.attr_name != "ack_ackcmd":
            data.private_seqNum = self.bus.next_number()
        data.salIndex = self.salinfo.index or data.salIndex
        await asyncio.sleep(0)  # as after the thread that writes: others get their turn
        self.bus.deliver(self.salinfo.name, self.attr_name, data)
        return data

    async def set_write(
        self, *, force_output: bool | None = None, **fields: object
    ) -> SetWriteResult:
        did_change = self.set(**fields)
        force = not self.attr_name.startswith("evt_") if force_output is None else force_output
        written = did_change or force
        data = await self.write() if written else self.data.copy()
        return SetWriteResult(did_change, written, data)


class ReadTopic(Topic):
    """A topic that is read, by a callback or one message after the other."""

    def __init__(self, salinfo: typing.Any, attr_name: str, index: int) -> None:
        super().__init__(salinfo, attr_name)
        self.index = index
        self.allow_multiple_callbacks = False
        self._callback: typing.Any = None
        self._queue: asyncio.Queue[Message] = asyncio.Queue()
        self._lock = asyncio.Lock()
        self.tasks: set[asyncio.Task[None]] = set()
        self.bus.readers.setdefault((salinfo.name, attr_name), []).append(self)

    @property
    def has_callback(self) -> bool:
        return self._callback is not None

    @property
    def callback(self) -> typing.Any:
        return self._callback

    @callback.setter
    def callback(self, function: typing.Any) -> None:
        if function is not None and not inspect.iscoroutinefunction(function):
            raise TypeError(f"{self.attr_name}: {function} is no coroutine function")
        self._callback = function
        if function is None:
            for task in self.tasks:
                task.cancel()

    def hear_history(self) -> None:
        """Hear the last message from before, by the callback that was set at once."""
        last = self.get()
        if last is not None and self._callback is not None:
            self.hear(last)

    def hear(self, message: Message) -> None:
        if self._callback is None:
            self._queue.put_nowait(message)
            return
        task = asyncio.get_running_loop().create_task(self._call(message))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _call(self, message: Message) -> None:
        if self.allow_multiple_callbacks:
            await self.run_callback(message)
            return
        async with self._lock:
            await self.run_callback(message)

    async def run_callback(self, message: Message) -> None:
        await self._callback(message)

    async def next(self, *, flush: bool, timeout: float | None = None) -> Message:
        if flush:
            while not self._queue.empty():
                self._queue.get_nowait()
        async with asyncio.timeout(timeout):
            return await self._queue.get()

    def get(self) -> Message | None:
        return self.bus.last(self.salinfo.name, self.attr_name)

    def close(self) -> None:
        self.bus.readers[self.salinfo.name, self.attr_name].remove(self)
        for task in self.tasks:
            task.cancel()


class ControllerCommand(ReadTopic):
    """A command that a component takes; there is no CMD_ACK."""

    async def ack(self, data: Message, ackcmd: Message) -> None:
        await self.salinfo.ack_writer.set_write(
            private_seqNum=data.private_seqNum,
            ack=int(ackcmd.ack),
            error=ackcmd.error,
            result=ackcmd.result,
            timeout=ackcmd.timeout,
            identity=data.private_identity,
        )

    async def ack_in_progress(self, data: Message, timeout: float, result: str = "") -> None:
        await self.ack(data, self._make(data, SalRetCode.CMD_INPROGRESS, result, timeout=timeout))

    def _make(self, data: Message, ack: SalRetCode, result: str, **more: typing.Any) -> Message:
        return self.salinfo.make_ackcmd(
            private_seqNum=data.private_seqNum, ack=ack, result=result, **more
        )

    async def run_callback(self, message: Message) -> None:
        try:
            answer = await self._callback(message)
            answer = answer or self._make(message, SalRetCode.CMD_COMPLETE, "Done")
        except asyncio.CancelledError:
            answer = self._make(message, SalRetCode.CMD_ABORTED, "Aborted", error=1)
        except TimeoutError:
            answer = self._make(message, SalRetCode.CMD_TIMEOUT, "Timeout", error=1)
        except ExpectedError as error:
            answer = self._make(message, SalRetCode.CMD_FAILED, f"Failed: {error}", error=1)
        except Exception as error:  # noqa: BLE001 - as salobj does
            self.salinfo.domain.unexpected.append(error)
            answer = self._make(message, SalRetCode.CMD_FAILED, f"Failed: {error!r}", error=1)
        await self.ack(message, answer)


class RemoteCommand(WriteTopic):
    """A command that is sent."""

    async def set_start(
        self, *, timeout: float = 60.0, wait_done: bool = True, **fields: object
    ) -> Message:
        self.data = self.DataType()
        self.set(**fields)
        return await self.start(timeout=timeout, wait_done=wait_done)

    async def start(self, *, timeout: float = 60.0, wait_done: bool = True) -> Message:
        acks = ReadTopic(self.salinfo, "ack_ackcmd", self.salinfo.index)
        number: int | None = None
        try:
            number = (await self.write()).private_seqNum
            while True:
                ack = await acks.next(flush=False, timeout=timeout)
                if ack.private_seqNum != number:
                    continue
                if ack.ack < 0:
                    raise AckError(ack.result, ack)
                if ack.ack == SalRetCode.CMD_COMPLETE or not wait_done:
                    return ack
        except TimeoutError:
            raise AckTimeoutError("no answer", acks.DataType(result="no answer")) from None
        finally:
            acks.close()
