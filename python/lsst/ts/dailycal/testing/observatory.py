# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated observatory of real processes, for tests."""

__all__ = ["TIME_SCALE", "ObservatoryForTests", "off_the_loop", "simulated_observatory"]

import asyncio
import contextlib
import dataclasses
import os
import pathlib
import shutil
import threading
import typing
from collections.abc import AsyncIterator, Iterator

from ..journal import DIRECTORY_VARIABLE
from ..sim.config import DIRECT_FRAME, SimulationConfig
from ..sim.faults.fault import Fault
from ..sim.programs import LATISS
from ..sim.supervisor import ObservatoryOptions, SimulatedObservatory

TIME_SCALE = 50.0
"""How much faster than real time simulated exposures are, unless a test says otherwise."""
START_TIMEOUT = 120.0
"""How long an observatory may take to come up, in seconds; generous, for loaded machines."""


T = typing.TypeVar("T")


@dataclasses.dataclass(frozen=True)
class ObservatoryForTests:
    """An observatory that is up; this process is part of it by its environment."""

    observatory: SimulatedObservatory
    """The observatory."""
    directory: pathlib.Path
    """Everything that it writes is below this directory."""

    @property
    def journals(self) -> pathlib.Path:
        """Where the scripts that are started now have their journals (`~pathlib.Path`)."""
        return pathlib.Path(os.environ[DIRECTORY_VARIABLE])

    def raw_files(self) -> list[str]:
        """List the names of the images that ATOODS wrote (`list` [`str`])."""
        found = self.observatory.config.raw_directory.glob("*/*.fits*")
        return sorted(path.name.partition(".")[0][:20] for path in found)

    def logs(self) -> str:
        """Read what the components said (`str`)."""
        logs = (self.observatory.config.root / "logs").glob("*.log")
        return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in logs)

    def assert_struck(self, *faults: str) -> None:
        """Make sure that faults happened, or a test would hold for nothing.

        Parameters
        ----------
        *faults : `str`
            The faults, as they were given to the observatory.

        Raises
        ------
        AssertionError
            If one of them did not.
        """
        logs = self.logs()
        missing = [text for text in faults if f"Fault {Fault.parse(text)} strikes" not in logs]
        assert not missing, f"never struck: {missing}"  # noqa: S101 - that is what it is for


class _ObservatoryThread(threading.Thread):
    """Keeps an observatory in an event loop of its own, for all tests of a module."""

    def __init__(self, simulated: SimulatedObservatory) -> None:
        super().__init__(name="observatory", daemon=True)
        self._simulated = simulated
        self._up = threading.Event()
        self._end = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Run the observatory until the context is left."""
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            self._error = error
        finally:
            self._up.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with self._simulated:
            self._up.set()
            await self._end.wait()

    def __enter__(self) -> None:
        self.start()
        if not self._up.wait(START_TIMEOUT):
            raise TimeoutError(f"the observatory did not come up within {START_TIMEOUT:g} s")
        if self._error is not None:
            raise self._error

    def __exit__(self, *_: object) -> None:
        if self.is_alive() and self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self.join()


@contextlib.contextmanager
def simulated_observatory(
    directory: pathlib.Path,
    *faults: str,
    repository: pathlib.Path | None = None,
    groups: tuple[tuple[str, ...], ...] = (LATISS,),
    state: str = "enabled",
    **settings: typing.Any,
) -> Iterator[ObservatoryForTests]:
    """Start an observatory in which these things go wrong.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Where it writes.
    *faults : `str`
        What goes wrong, e.g. ``camera_fault@BIAS/2``; `dailycal faults` lists the kinds.
    repository : `~pathlib.Path`, optional
        A Butler repository of which it gets a copy; an empty one is made by default.
    groups : `tuple` [`tuple` [`str`, ...], ...], optional
        Its components, by the process that they share; LATISS and OCPS in one by default.
    state : `str`, optional
        State that they go to at the start; ``rest`` is where real ones rest.
    **settings
        Fields of `~lsst.ts.dailycal.sim.config.SimulationConfig`.
    """
    settings.setdefault("time_scale", TIME_SCALE)
    settings.setdefault("frame", DIRECT_FRAME)
    config = SimulationConfig(root=directory / "run", faults=faults, **settings)
    if repository is not None:
        shutil.copytree(repository, config.repository)
    simulated = SimulatedObservatory(ObservatoryOptions(config, groups=groups, state=state))
    with _ObservatoryThread(simulated):
        variables = {**simulated.environment, DIRECTORY_VARIABLE: str(directory / "journal")}
        with _environment(variables):
            yield ObservatoryForTests(simulated, directory)


@contextlib.asynccontextmanager
async def off_the_loop(context: contextlib.AbstractContextManager[T]) -> AsyncIterator[T]:
    """Enter and leave a context in a thread, so that the event loop of a test goes round."""
    found = await asyncio.to_thread(context.__enter__)
    try:
        yield found
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


@contextlib.contextmanager
def _environment(variables: typing.Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
