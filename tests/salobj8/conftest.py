# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every test here runs as if salobj 8 and XML 28 were installed."""

import pathlib
import shutil
import sys
import typing
from collections.abc import Callable, Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from salobj8_world import World

if typing.TYPE_CHECKING:
    from lsst.ts.dailycal.sim.config import SimulationConfig

_world = World()


@pytest.fixture(autouse=True)
def salobj8(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LSST_SITE", "dailycal")
    with _world.entered():
        yield


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    from lsst.ts.dailycal.butler.repository import create_repository

    path = tmp_path_factory.mktemp("repository") / "repo"
    create_repository(path)
    return path


@pytest.fixture
def make_config(
    tmp_path: pathlib.Path,
) -> Callable[..., "SimulationConfig"]:
    def make(*faults: str, **settings: typing.Any) -> "SimulationConfig":
        from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig

        config = SimulationConfig(
            root=tmp_path / "root", frame=DIRECT_FRAME, time_scale=500.0, faults=faults, **settings
        )
        return config.started()

    return make


@pytest.fixture
def with_repository(
    repository: pathlib.Path, make_config: Callable[..., "SimulationConfig"]
) -> "SimulationConfig":
    """Settings of an observatory with a repository, which ATOODS does not start without."""
    config = make_config()
    shutil.copytree(repository, config.repository)
    return config
