# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A preparation that is interrupted leaves nothing that a later run takes for a repository."""

import shutil

import pytest

from lsst.ts.dailycal.cli.errors import CommandError
from lsst.ts.dailycal.cli.exit_codes import ExitCode
from lsst.ts.dailycal.cli.simulate.reference import prepare_repository
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig


class Interrupted(BaseException):
    """What Ctrl-C raises, at a moment that the test chooses."""


def interrupt_at(word, said):
    def tell(text):
        said.append(text)
        if text.startswith(word):
            raise Interrupted

    return tell


def test_an_interrupted_preparation_leaves_no_repository_and_is_begun_again(tmp_path):
    config = SimulationConfig(root=tmp_path / "run", frame=DIRECT_FRAME)
    for attempt in (1, 2):
        said = []
        with pytest.raises(Interrupted):
            prepare_repository(config, interrupt_at("Taking", said))
        assert not (config.repository / "butler.yaml").exists()
        assert any(text.startswith("Removing") for text in said) == (attempt == 2)


def test_a_disk_without_room_is_refused_before_anything_is_made(tmp_path, monkeypatch):
    config = SimulationConfig(root=tmp_path)
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(CommandError, match=r"room for 1\.0 GB, .* takes 3\.\d GB") as caught:
        prepare_repository(config, lambda _: None)
    assert caught.value.code == ExitCode.IO
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
