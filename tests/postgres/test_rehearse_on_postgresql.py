# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job from the command line, with the registry on a real PostgreSQL server."""

import json
import pathlib

import pytest

from command_line import run_dailycal as dailycal
from lsst.ts.dailycal.butler.database_url import database_of
from lsst.ts.dailycal.cli.simulate.options import MARKER
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig

pytestmark = [pytest.mark.system, pytest.mark.timeout(580)]

SHORT = ("-p", "n_bias=4", "-p", "n_discard_bias=0", "-p", "script_mode=BIAS")


def with_marker(directory: pathlib.Path) -> pathlib.Path:
    """Make a directory that an earlier rehearsal could have left."""
    directory.mkdir()
    SimulationConfig(root=directory, frame=DIRECT_FRAME).save(directory / MARKER)
    return directory


def schemas(server, database: str) -> list[str]:
    rows = server.query("SELECT nspname FROM pg_namespace WHERE nspname ~ '^dailycal_'", database)
    return [name for (name,) in rows]


def holds_secret(directory: pathlib.Path, secret: str) -> list[pathlib.Path]:
    files = [path for path in directory.rglob("*") if path.is_file() and not path.is_symlink()]
    assert files
    return [path for path in files if secret.encode() in path.read_bytes()]


def rehearse(directory: pathlib.Path, server, *args: str) -> None:
    """Do the main job, and make sure that it is done and has told nobody the password."""
    done = dailycal("rehearse", "--small", "--generate", "--directory", str(directory), *args)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list(directory.rglob("*.sqlite3"))
    assert server.password not in done.stdout + done.stderr
    assert holds_secret(directory, server.password) == []


def certified(directory: pathlib.Path) -> set[str]:
    shown = json.loads(dailycal("repo", "show", str(directory / "repo"), "--json").stdout)
    return {
        item["dataset_type"] for item in shown["certified"]
        if item["collection"] == "LATISS/calib/daily"
    }  # fmt: skip


def refuse_another(directory: pathlib.Path, url: str) -> None:
    refused = dailycal(
        "rehearse", "--small", "--keep", "--directory", str(directory), "--database", url
    )
    assert refused.returncode == 64
    assert "its registry is not in this database" in refused.stderr


@pytest.mark.slow
def test_the_main_job_is_done_from_nothing_and_no_password_is_written(postgres, tmp_path):
    directory = tmp_path / "run"
    rehearse(directory, postgres, "--database", postgres.create_database("nothing"))
    assert certified(directory) == {"bias", "dark"}
    assert schemas(postgres, "nothing") == [database_of(directory / "repo")[1]]
    refuse_another(directory, postgres.create_database("another"))


def test_the_main_job_is_done_in_a_repository_that_is_there_and_no_password_is_written(
    postgres_repository, tmp_path
):
    copied = postgres_repository.copy(with_marker(tmp_path / "run") / "repo")
    server = copied.server
    try:
        url = server.url(copied.database)
        rehearse(tmp_path / "run", server, "--keep", "--database", url, *SHORT)
        assert certified(tmp_path / "run") == {"bias"}
        assert schemas(server, copied.database) == [database_of(copied.path)[1]]
        refuse_another(tmp_path / "run", server.create_database("yet_another"))
    finally:
        copied.drop()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://me:hunter2@localhost/x", "must not hold a password"),
        ("mysql:///x", "must be given as postgresql://"),
    ],
)
@pytest.mark.parametrize("command", ["simulate", "run"])
def test_a_wrong_address_is_refused_before_anything_is_made(tmp_path, command, url, says):
    directory = tmp_path / "run"
    done = dailycal(command, "--small", "--directory", str(directory), "--database", url)
    assert done.returncode != 0
    assert says in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not directory.exists()


@pytest.mark.parametrize("command", ["simulate", "rehearse", "run"])
def test_a_database_that_is_not_there_is_refused_before_anything_is_made(
    postgres, tmp_path, command
):
    directory = tmp_path / "run"
    url = postgres.url("not_there")
    done = dailycal(command, "--small", "--directory", str(directory), "--database", url)
    assert done.returncode == 64, done.stderr
    assert 'database "not_there" does not exist' in done.stderr
    assert not (directory / "repo").exists()
    assert postgres.password not in done.stdout + done.stderr
