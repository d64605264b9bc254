# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from lsst.ts.dailycal.butler.database_url import (
    database_of,
    driver_url,
    new_namespace,
    url_problem,
)
from lsst.ts.dailycal.model import ConfigurationError
from lsst.ts.dailycal.sim.config import SimulationConfig


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///dailycal",
        "postgresql://me@localhost:5433/dailycal",
        "postgresql+psycopg2:///dailycal",
        "postgresql:///dailycal?host=%2Frun%2Fpostgresql",
    ],
)
def test_an_address_without_a_password_is_taken_and_survives_the_settings_file(url):
    assert url_problem(url) is None
    config = SimulationConfig(database=url)
    assert SimulationConfig.from_json(config.to_json()).database == url
    assert driver_url(url).startswith("postgresql+psycopg2://")
    assert driver_url(driver_url(url)) == driver_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@localhost/x",
        "postgresql://me:@localhost/x",
        "postgresql:///x?password=hunter2",
        "postgresql:///x?PASSWORD=hunter2",
        "postgresql:///x?sslpassword=hunter2",
        "sqlite:///hunter2",
        "hunter2",
        "",
        "postgresql:///",
        "postgresql:///a/hunter2",
        "postgresql://[hunter2/x",
        "postgresql://h:hunter2/x",
    ],
)
def test_any_other_address_is_refused_and_never_repeated(url):
    with pytest.raises(ConfigurationError) as caught:
        SimulationConfig(database=url)
    assert "hunter2" not in str(caught.value)


def test_only_a_schema_that_we_named_is_ours(tmp_path):
    def write(namespace):
        (tmp_path / "butler.yaml").write_text(
            f"registry:\n  db: postgresql:///x\n  namespace: {namespace}\n"
        )
        return database_of(tmp_path)

    ours = new_namespace()
    assert ours != new_namespace()
    assert write(ours) == ("postgresql:///x", ours)
    assert write("public") is None
    assert write("dailycal_prod") is None
    (tmp_path / "butler.yaml").write_text("registry: sqlite")
    assert database_of(tmp_path) is None
    assert database_of(tmp_path / "nothing") is None
