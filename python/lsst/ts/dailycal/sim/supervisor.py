# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start a whole simulated observatory, and end all of it."""

__all__ = ["ObservatoryError", "ObservatoryOptions", "SimulatedObservatory"]

import asyncio
import dataclasses
import fcntl
import json
import os
import shlex
import signal
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..forking import SERVER_VARIABLE
from ..model import CalibrationError
from ..pipelines.command import pipeline_environment
from .component_process import ComponentProcess
from .config import CONFIG_VARIABLE, SimulationConfig
from .faults.log import FAULT_LOG, FaultLog
from .forked import observatory_server
from .programs import LATISS
from .transport import own_place

REPOSITORY_ALIAS = "LATISS"
"""Name of the repository in the repository index."""
WAIT_INTERVAL = 8.0
"""How long nothing is said while components start, in seconds."""


class ObservatoryError(CalibrationError):
    """The simulated observatory cannot be started, or a part of it has ended."""


@dataclasses.dataclass(frozen=True, slots=True)
class ObservatoryOptions:
    """How a simulated observatory is to be run."""

    config: SimulationConfig
    """Its settings; everything it writes is below ``config.root``."""
    groups: tuple[tuple[str, ...], ...] = tuple((name,) for name in LATISS)
    """The components, by the process that they share."""
    state: str = "rest"
    """State that they go to at the start: ``rest`` is where real ones rest."""
    start_timeout: float = 60.0
    """How long they may take until all of them beat, in real seconds."""
    stop_timeout: float = 15.0
    """How long they may take to end, in real seconds."""
    broker: str | None = None
    """Kafka brokers, ``HOST:PORT`` with commas between them; `None` for what is on this machine."""
    on_wait: Callable[[Sequence[str]], None] = lambda _: None
    """Is told from time to time which components have yet to come up."""


class SimulatedObservatory:
    """A simulated observatory in processes of its own. Use it as an asynchronous context.

    Everything ends with the context, and also with this process, whatever ends it.

    Parameters
    ----------
    options : `ObservatoryOptions`
        How it is to be run.

    Attributes
    ----------
    config : `SimulationConfig`
        Its settings, as its processes have them.
    config_file : `~pathlib.Path`
        Where they are.
    processes : `~collections.abc.Sequence` [`ComponentProcess`]
        Its processes.
    """

    def __init__(self, options: ObservatoryOptions) -> None:
        self._options = options
        self.config = options.config.started()
        self._programs = observatory_server()
        self.config_file = self.config.root / "observatory.json"
        self._index_file = self.config.root / "repositories.json"
        self._environment = self._variables()
        self.processes: Sequence[ComponentProcess] = tuple(
            ComponentProcess(
                names,
                self._programs,
                self._environment,
                self.config.root / "logs" / f"{_file_name(names)}.log",
                state=options.state,
            )
            for names in options.groups
        )
        self._group = asyncio.TaskGroup()
        self._changed = asyncio.Event()
        self._lock: int | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that a program needs in its environment to be part of it.

        Complete as soon as the observatory was started.
        """
        return dict(self._environment)

    def exports(self) -> Sequence[str]:
        """Write the environment as lines of a shell (`~collections.abc.Sequence` [`str`])."""
        return [f"export {name}={shlex.quote(value)}" for name, value in self.environment.items()]

    def find(self, name: str) -> ComponentProcess:
        """Find the process of a component.

        Raises
        ------
        LookupError
            If it is not part of the observatory.
        """
        for process in self.processes:
            if name in process.names:
                return process
        raise LookupError(f"{name} is not part of this observatory")

    async def restart(self, name: str) -> None:
        """End the process of a component, and start it again.

        The component rests then, and faults that have struck in it can strike again.
        """
        process = self.find(name)
        await process.stop(self._options.stop_timeout)
        await self._start(process)
        await self._wait_ready([process])

    async def wait(self, ready: Callable[[], None] = lambda: None) -> None:
        """Wait until SIGINT or SIGTERM.

        Parameters
        ----------
        ready : `~collections.abc.Callable`, optional
            Called when a signal would be heard: the moment to tell others that all is up.

        Raises
        ------
        ObservatoryError
            If a process has failed that nobody asked to end.
        """
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.getsignal(number) for number in numbers}
        for number in numbers:
            loop.add_signal_handler(number, self._stop_waiting, stopped)
        try:
            ready()
            while not stopped.is_set():
                self._raise_if_crashed()
                self._changed.clear()
                await self._changed.wait()
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    async def __aenter__(self) -> typing.Self:
        self._take_directory()
        await self._group.__aenter__()
        try:
            await asyncio.to_thread(self._prepare)
            for process in self.processes:
                await self._start(process)
            await self._wait_ready(self.processes)
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        timeout = self._options.stop_timeout
        # Shielded: a second Ctrl-C must not leave processes behind.
        await asyncio.shield(asyncio.gather(*(process.stop(timeout) for process in self.processes)))
        try:
            await self._group.__aexit__(None, None, None)
        finally:
            await asyncio.to_thread(self._programs.close)
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _variables(self) -> dict[str, str]:
        pipelines = pipeline_environment()
        return {
            CONFIG_VARIABLE: str(self.config_file),
            "DAF_BUTLER_REPOSITORY_INDEX": str(self._index_file),
            "CP_PIPE_DIR": pipelines["CP_PIPE_DIR"],
            "CP_VERIFY_DIR": pipelines["CP_VERIFY_DIR"],
        }

    def _take_directory(self) -> None:
        """Make sure that nobody else runs an observatory in the same directory."""
        root = self.config.root
        root.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(root / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = None
            raise ObservatoryError(
                f"A simulated observatory runs in {root} already.",
                remedy="End it, or choose another directory.",
            ) from None

    def _prepare(self) -> None:
        """Write the files that the processes need, and make a repository if there is none."""
        self._environment |= own_place(self._options.broker)
        self._environment[SERVER_VARIABLE] = self._programs.address()
        self.config.save(self.config_file)
        FaultLog(self.config.root / FAULT_LOG).clear()
        repository = self.config.repository
        index = {REPOSITORY_ALIAS: str(repository)}
        self._index_file.write_text(json.dumps(index) + "\n", encoding="utf-8")
        if not (repository / "butler.yaml").exists():
            from ..butler.repository import create_repository

            create_repository(repository, self.config.database)

    async def _start(self, process: ComponentProcess) -> None:
        await process.start()
        self._group.create_task(self._follow(process))

    async def _follow(self, process: ComponentProcess) -> None:
        await process.follow()
        self._changed.set()

    async def _wait_ready(self, processes: Sequence[ComponentProcess]) -> None:
        timeout = self._options.start_timeout
        try:
            async with asyncio.timeout(timeout):
                for process in processes:
                    while not await _is_set(process.ready, WAIT_INTERVAL):
                        self._raise_if_crashed()
                        self._options.on_wait(_silent(processes))
                    self._raise_if_crashed()
        except TimeoutError:
            raise ObservatoryError(
                f"Not all components beat within {timeout:.0f} s.",
                missing=_silent(processes),
                remedy=f"Look at the logs in {self.config.root / 'logs'}.",
            ) from None

    def _raise_if_crashed(self) -> None:
        for process in self.processes:
            if process.crashed:
                raise ObservatoryError(
                    f"The process of {', '.join(process.names)} ended with "
                    f"exit code {process.exit_code}.",
                    last_seen=process.last_lines(),
                    remedy=f"Look at its log, {process.log}.",
                )

    def _stop_waiting(self, stopped: asyncio.Event) -> None:
        stopped.set()
        self._changed.set()


def _file_name(names: Sequence[str]) -> str:
    """Name a log after the components in a process; long lists are cut."""
    name = "-".join(names[:3]).replace(":", "_")
    return name if len(names) <= 3 else f"{name}-and-{len(names) - 3}-more"


async def _is_set(event: asyncio.Event, timeout: float) -> bool:
    """Wait for an event; tell whether it came in time."""
    try:
        async with asyncio.timeout(timeout):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _silent(processes: Iterable[ComponentProcess]) -> list[str]:
    return [name for item in processes if not item.ready.is_set() for name in item.names]
