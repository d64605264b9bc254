# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pytest plugin: fixtures for tests of SAL scripts in a simulated observatory.

pytest finds it by itself where ts_dailycal is installed. Nothing heavy is imported before a
fixture is asked for.
"""

__all__ = [
    "observatory_in_memory",
    "record_sal_topics",
    "sal_scripts",
    "simulated_observatory",
]

import typing
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

if typing.TYPE_CHECKING:
    from ..sim.direct.observatory import DirectObservatory
    from .observatory import ObservatoryForTests
    from .script import ScriptProcesses


@pytest.fixture(scope="module")
def simulated_observatory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[ObservatoryForTests]":
    """LATISS and OCPS:1 as real processes, ENABLED, for the tests of a module.

    Faults are its parameter, one or a tuple::

        @pytest.mark.parametrize("simulated_observatory", ["camera_refuses@1"], indirect=True)
    """
    from .observatory import simulated_observatory as start

    faults = getattr(request, "param", ())
    faults = (faults,) if isinstance(faults, str) else tuple(faults)
    with start(tmp_path_factory.mktemp("observatory"), *faults) as found:
        yield found


@pytest.fixture
def observatory_in_memory() -> "Callable[..., DirectObservatory]":
    """Make observatories in memory: ports without SAL and Butler, for `testing.loop.run_fast`.

    The function takes faults, and settings of `~lsst.ts.dailycal.sim.config.SimulationConfig`;
    what it returns is an asynchronous context.
    """

    def make(*faults: str, **settings: typing.Any) -> "DirectObservatory":
        from ..sim.config import DIRECT_FRAME, SimulationConfig
        from ..sim.direct.observatory import DirectObservatory

        settings.setdefault("frame", DIRECT_FRAME)
        return DirectObservatory(SimulationConfig(faults=faults, **settings))

    return make


try:
    import pytest_asyncio
except ImportError:  # whoever writes no asynchronous tests need not have it
    pass
else:

    @pytest_asyncio.fixture
    async def sal_scripts() -> "AsyncIterator[ScriptProcesses]":
        """Run SAL scripts through their whole life, as a queue does; ends what is left of them."""
        from .script import ScriptProcesses

        scripts = ScriptProcesses()
        yield scripts
        await scripts.end()


@pytest.fixture
def record_sal_topics() -> Callable[..., typing.Any]:
    """Record what a component publishes.

    ::

        async with record_sal_topics("ATCamera", "endReadout") as camera:
            ...
            await camera.wait_for("endReadout")
    """
    from .topics import record_topics

    return record_topics
