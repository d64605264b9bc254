# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A preparation that is interrupted leaves nothing that a later run takes for a repository."""

import pytest

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
