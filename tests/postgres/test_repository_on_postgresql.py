# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Butler on PostgreSQL: two writers, a server that is restarted, one that hangs."""

import asyncio
import contextlib
import dataclasses
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from lsst.ts.dailycal.butler.database import DatabaseError, check_database, drop_schema
from lsst.ts.dailycal.butler.database_url import database_of
from lsst.ts.dailycal.butler.port import ButlerRepository
from lsst.ts.dailycal.model import (
    Certification,
    CertificationConflictError,
    CertificationError,
    ImageName,
    IngestError,
    StatisticsError,
    Validity,
)

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

IMAGE = [ImageName(20261123, 1)]
CERTIFICATION = Certification(
    "bias",
    "LATISS/calib",
    "LATISS/calib/daily",
    Validity("2026-11-23T12:00:00", "2026-11-24T12:00:00"),
)


@pytest.fixture(scope="module")
def repository(postgres_repository, tmp_path_factory):
    copied = postgres_repository.copy(tmp_path_factory.mktemp("postgres") / "repo")
    yield copied
    copied.server.thaw()
    copied.drop()


@pytest.fixture
def port(repository):
    return ButlerRepository(str(repository.path))


def into(collection: str, **changes: object) -> Certification:
    return dataclasses.replace(CERTIFICATION, calib_collection=collection, **changes)


async def until(task: asyncio.Task, condition: Callable[[], bool]) -> None:
    """Wait for something, at most until a task has ended."""
    while not task.done() and not await asyncio.to_thread(condition):  # noqa: ASYNC110
        await asyncio.sleep(0.005)


def test_the_registry_is_in_a_schema_of_its_own_and_no_file(repository):
    found = database_of(repository.path)
    assert found is not None
    schemas = repository.server.query(
        "SELECT DISTINCT table_schema FROM information_schema.tables "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
        repository.database,
    )
    assert schemas == [(found[1],)]
    assert not list(repository.path.glob("*.sqlite3"))


@pytest.mark.prevents("D14")
@pytest.mark.parametrize("new", [True, False], ids=["new collection", "collection that is there"])
async def test_of_two_who_certify_at_once_one_wins_and_the_other_is_told(repository, port, new):
    collection = f"LATISS/calib/race-{'new' if new else 'old'}"
    if not new:
        await port.certify(into(collection, validity=Validity("2020-01-01", "2020-01-02")), 120.0)
    wanted = into(collection)
    results = await asyncio.gather(
        *(ButlerRepository(str(repository.path)).certify(wanted, 120.0) for _ in range(3)),
        return_exceptions=True,
    )
    lost = [result for result in results if result is not None]
    assert len(lost) == 2, results
    for error in lost:
        assert isinstance(error, CertificationConflictError), error
        assert "bias" in str(error)
        assert collection in str(error)
    (conflict,) = await port.find_conflicts(wanted, 60.0)
    assert conflict.validity.begin.startswith("2026-11-23T12:00:00")


@contextlib.asynccontextmanager
async def held(repository):
    """Another writer holds the table of certified biases and darks."""
    ((table,),) = repository.server.query(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' "
        "AND relname ~ '^dataset_calibs_' AND relnamespace::regnamespace::text ~ '^dailycal_'",
        repository.database,
    )
    holder = await asyncio.to_thread(repository.server.connect, repository.database)
    try:
        holder.autocommit = False
        with holder.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield
    finally:
        holder.close()


def somebody_waits(repository) -> bool:
    """Does a transaction wait for a lock?"""
    return bool(
        repository.server.query("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    )


async def test_a_certification_that_waits_for_another_writer_is_given_up_and_leaves_nothing(
    repository, port
):
    wanted = into("LATISS/calib/held")
    async with held(repository):
        certifying = asyncio.create_task(port.certify(wanted, 30.0))
        await until(certifying, lambda: somebody_waits(repository))
        assert not certifying.done()
        with pytest.raises(CertificationError, match="within 30 s") as caught:
            await certifying
        assert caught.value.remedy
    assert await port.find_conflicts(wanted, 60.0) == []


async def test_a_server_that_is_away_is_told_and_nothing_is_lost_when_it_is_back(repository, port):
    wanted = into("LATISS/calib/restarted")
    await port.certify(wanted, 60.0)
    await asyncio.to_thread(repository.server.stop)
    try:
        for attempt, kind in (
            (port.find_images(IMAGE, 30.0), IngestError),
            (port.find_conflicts(wanted, 30.0), CertificationError),
            (port.has_output("u/ocps/x/run", "bias", 30.0), StatisticsError),
            (port.certify(wanted, 60.0), CertificationError),
        ):
            with pytest.raises(kind) as caught:
                await attempt
            assert "connection to server" in f"{caught.value} {caught.value.last_seen}"
            assert caught.value.remedy
            assert repository.server.password not in str(caught.value)
    finally:
        await asyncio.to_thread(repository.server.start)
    (conflict,) = await port.find_conflicts(wanted, 60.0)
    assert conflict.dataset_type == "bias"
    await port.certify(into("LATISS/calib/restarted", dataset_type="dark"), 60.0)


async def test_a_server_that_crashes_amid_a_certification_leaves_nothing_half_written(
    repository, port
):
    wanted = into("LATISS/calib/crashed")
    async with held(repository):
        certifying = asyncio.create_task(port.certify(wanted, 120.0))
        await until(certifying, lambda: somebody_waits(repository))
        assert not certifying.done()
        await asyncio.to_thread(repository.server.stop, signal.SIGQUIT)
    await asyncio.to_thread(repository.server.start)
    with pytest.raises(CertificationError, match="LATISS/calib/crashed") as caught:
        await certifying
    assert not isinstance(caught.value, CertificationConflictError)
    assert "exit code" in str(caught.value), "and not given up at the deadline"
    assert await port.find_conflicts(wanted, 60.0) == []
    await port.certify(wanted, 60.0)


@pytest.mark.prevents("D13")
async def test_a_server_that_hangs_is_given_up_at_the_deadline_of_each_call(repository, port):
    wanted = into("LATISS/calib/hung")
    repository.server.freeze()
    try:
        for attempt, kind in (
            (port.find_images(IMAGE, 2.0), IngestError),
            (port.find_groups(["x"], 2.0), IngestError),
            (port.find_damaged(IMAGE, 2.0), IngestError),
            (port.read_statistics("u/ocps/x", "verifyBiasStats", 2.0), StatisticsError),
            (port.has_output("u/ocps/x/run", "bias", 2.0), StatisticsError),
            (port.find_conflicts(wanted, 2.0), CertificationError),
            (port.certify(wanted, 4.0), CertificationError),
        ):
            begin = time.monotonic()
            with pytest.raises(kind, match=r"within \d s") as caught:
                await attempt
            assert time.monotonic() - begin < 6
            assert caught.value.remedy
    finally:
        repository.server.thaw()
    assert await port.find_conflicts(wanted, 60.0) == []
    await port.certify(wanted, 60.0)


async def test_a_connection_that_hangs_for_ever_is_not_in_the_way_of_the_next_call(
    repository, port, monkeypatch
):
    """The server answers everybody else: only what serves one connection has stopped."""
    await port.find_images(IMAGE, 60.0)
    hung = asyncio.create_task(port.find_images(IMAGE, 20.0))

    def catch() -> bool:
        return bool(repository.server.freeze_backends())

    await until(hung, catch)
    try:
        with pytest.raises(IngestError, match="within 20 s"):
            await hung
        assert await port.find_images(IMAGE, 60.0) == frozenset()
    finally:
        repository.server.thaw()


HUNG = """
import asyncio, sys
from lsst.ts.dailycal.butler.port import ButlerRepository
from lsst.ts.dailycal.model import ImageName, IngestError
async def main():
    try:
        await ButlerRepository(sys.argv[1]).find_images([ImageName(20261123, 1)], 3.0)
    except IngestError as error:
        print(error)
asyncio.run(main())
"""


def test_a_process_ends_with_a_reason_although_its_database_hangs(repository):
    repository.server.freeze()
    try:
        done = subprocess.run(
            [sys.executable, "-c", HUNG, str(repository.path)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    finally:
        repository.server.thaw()
    assert done.returncode == 0, done.stderr
    assert "within 3 s" in done.stdout


def test_a_database_that_cannot_hold_a_repository_is_told_why(postgres):
    postgres.query("CREATE DATABASE bare")
    with pytest.raises(DatabaseError, match="btree_gist") as caught:
        check_database(postgres.url("bare"))
    assert "CREATE EXTENSION btree_gist" in caught.value.remedy
    with pytest.raises(DatabaseError, match='database "nowhere" does not exist'):
        check_database(postgres.url("nowhere"))
    postgres.freeze()
    try:
        with pytest.raises(DatabaseError, match="bare"):
            check_database(postgres.url("bare"), timeout=2.0)
    finally:
        postgres.thaw()


def test_an_account_that_may_make_no_schema_is_told(postgres, monkeypatch):
    url = postgres.create_database("owned")
    postgres.query(f"CREATE ROLE guest LOGIN PASSWORD '{postgres.password}'")
    check_database(url)
    monkeypatch.setenv("PGUSER", "guest")
    with pytest.raises(DatabaseError, match="may make no schema"):
        check_database(url)
    monkeypatch.setenv("PGPASSWORD", "another-secret")
    with pytest.raises(DatabaseError, match="password authentication failed") as caught:
        check_database(url)
    assert "another-secret" not in str(caught.value)


def test_only_the_schema_of_a_repository_is_dropped(postgres_repository, tmp_path: pathlib.Path):
    copied = postgres_repository.copy(tmp_path / "repo")
    server = copied.server
    try:
        server.query("CREATE SCHEMA precious", copied.database)
        drop_schema(copied.path)
        left = server.query(
            "SELECT nspname FROM pg_namespace WHERE nspname ~ '^(dailycal|precious)'",
            copied.database,
        )
        assert left == [("precious",)]
    finally:
        copied.drop()
