# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every test must leave behind: nothing.

A test fails on a warning from our code, on an asyncio task or a child process that outlives it,
and when it blocks the event loop. Tests under ``unit`` must not load salobj, DDS or the Butler.
"""

import asyncio
import fcntl
import inspect
import os
import pathlib
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
import pytest_asyncio

from alone import DOMAIN
from command_line import warm_server
from lsst.ts.dailycal.forking import SERVER_VARIABLE
from postgres_server import PostgresRepository, PostgresServer, find_programs
from watchdog import LONGEST_BLOCK, Watchdog

__all__ = ["warm_server"]

UNIT = pathlib.Path(__file__).parent / "unit"
HEAVY = ("lsst.ts.salobj", "dds", "cyclonedds", "lsst.daf.butler")
LAST_WISHES = 1.0
"""How long tasks may take to end after the test, in seconds."""
_HELPERS = (
    "multiprocessing.resource_tracker",
    "multiprocessing.forkserver",
    "multiprocessing.spawn",
    "semaphore_tracker",
    # That of an observatory that several tests share; test_fork_server.py sees that it ends.
    "lsst.ts.dailycal.forking.fork_server",
)

LONGEST = (
    "test_cli_rehearse",
    "test_camera_contract",
    "test_documented_commands",
    "test_group_scripts",
    "test_page_joined",
    "test_faults_of_databases",
    "test_ingest_contract",
    "test_page",
    "test_pages_of_runs_in_a_browser",
    "test_repository_contract",
    "test_repository_on_postgresql",
    "test_group_scripts_transitions",
    "test_sim_observatory",
    "test_page_stopped",
    "test_views_in_a_browser",
    "test_sim_components",
    "test_cli_script",
    "test_page_queue",
    "test_pipelines",
    "test_queue",
    "test_faults_in_short",
    "test_calibrations_script",
    "test_distributions",
)
"""Modules that workers are given first, or one of them is still at work when all others rest.

Those that compute and those that wait for deadlines by turns: so neither do all workers want a
processor at a time, nor do all of them wait.
"""

WITH_PROGRAMS = ("contract", "postgres", "system")
"""Directories of the tests that start programs of ours."""

OF_PROCESSES = (
    "test_fork_server",
    "test_kill_page",
    "test_kill_processes",
    "test_sim_observatory",
    "test_sim_sockets",
    "test_soak",
)
"""Modules that look at the processes of an observatory, and leave none to the server of all."""

_loaded_by: dict[str, str] = {}


def pytest_configure(config: pytest.Config) -> None:
    # Each takes seconds; the tests that are about them ask for them.
    os.environ.setdefault("DAILYCAL_REPORT", "no")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts what goes on in the background so, and the programs under test would
        # inherit it: a Ctrl-C that a test sends would do nothing.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "slow: takes minutes; left out of `make test`")
    for rule in (
        r"error:::lsst\.ts\.dailycal.*",
        r"error:::dds.*",
        r"error:::ddsutil.*",
        r"error:::ts_interfaces.*",
        r"error:::tests.*",
        # Someone forgot to await, whoever noticed it.
        "error:coroutine .* was never awaited:RuntimeWarning",
    ):
        config.addinivalue_line("filterwarnings", rule)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        name = item.path.stem
        return LONGEST.index(name) if name in LONGEST else len(LONGEST)

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    """Remember which test file loaded what is heavy, while it is imported."""
    before = _heavy()
    report = yield
    _blame(before, collector)
    return report


@pytest.fixture(autouse=True)
def nothing_heavy_in_unit_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    before = _heavy()
    yield
    _blame(before, request.node)
    if UNIT in request.path.parents:
        path = str(request.path)
        found = [name for name, where in _loaded_by.items() if where == path]
        assert not found, f"{request.path.name} loads {', '.join(found)}; unit tests must not"


def _heavy() -> set[str]:
    return {name for name in HEAVY if name in sys.modules}


def _blame(before: set[str], node: pytest.Collector | pytest.Item) -> None:
    for name in _heavy() - before:
        _loaded_by.setdefault(name, str(node.path))


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail on children that outlive the test, and on a blocked loop or leaked tasks."""
    before = _children()
    if inspect.iscoroutinefunction(request.function):
        request.getfixturevalue("_clean_loop")
    yield
    left = _wait_for_children(before)
    for child in left:
        child.kill()
    assert not left, f"processes outlive the test: {[_describe(child) for child in left]}"


def _children() -> set[psutil.Process]:
    # psutil reads about every process of the machine, and most tests have no child at all.
    try:
        kernel = [path.read_text() for path in pathlib.Path("/proc/self/task").glob("*/children")]
    except OSError:  # a thread has just ended
        kernel = []
    if kernel and not any(kernel):
        return set()
    return set(psutil.Process().children(recursive=True))


def _wait_for_children(before: set[psutil.Process]) -> list[psutil.Process]:
    deadline = time.monotonic() + LAST_WISHES
    while True:
        left = [child for child in _children() - before if not _is_helper(child)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def _is_helper(child: psutil.Process) -> bool:
    try:
        if child.status() == psutil.STATUS_ZOMBIE:
            return True
        if child.name() == "postgres" or child.name().startswith("chrom"):
            return True  # what a server or a browser of the session starts for itself
        line = " ".join(child.cmdline())
    except psutil.NoSuchProcess:
        return True
    return any(name in line for name in _HELPERS)


def _describe(child: psutil.Process) -> str:
    try:
        return f"{child.pid}: {' '.join(child.cmdline())[:200]}"
    except psutil.NoSuchProcess:
        return f"{child.pid}"


@pytest.fixture(scope="module", autouse=True)
def forked_where_that_is_no_matter(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have the programs of a module forked from a process that has imported what they need."""
    path = request.path
    if path.parent.name not in WITH_PROGRAMS or path.stem in OF_PROCESSES:
        yield
        return
    address = request.getfixturevalue("warm_server")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SERVER_VARIABLE, address)
        yield


@pytest.fixture(autouse=True)
def domain_of_before() -> Iterator[None]:
    """Leave no DDS domain to the next test, whose observatory is to choose its own."""
    before = os.environ.get(DOMAIN)
    yield
    if before is None:
        os.environ.pop(DOMAIN, None)
    else:
        os.environ[DOMAIN] = before


def made_once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[pathlib.Path], None]
) -> pathlib.Path:
    """Return a folder that is filled once for all workers, by the first one that asks."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    root = shared / name
    root.mkdir(exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "made").exists():
            shutil.rmtree(root / "run", ignore_errors=True)  # what a failure has left
            make(root / "run")
            (root / "made").touch()
    return root / "run"


@pytest.fixture(scope="session")
def small_repository(tmp_path_factory) -> pathlib.Path:
    """Make a repository with reference calibrations of small frames, once for all workers.

    It is to be copied: it costs as much as an observatory, and everybody gets the same.
    """
    from lsst.ts.dailycal.cli.simulate.reference import prepare_repository
    from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig

    def make(root: pathlib.Path) -> None:
        prepare_repository(SimulationConfig(frame=DIRECT_FRAME, root=root), lambda _: None)

    return SimulationConfig(root=made_once(tmp_path_factory, "small-repository", make)).repository


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Start a PostgreSQL server that only this test process can reach."""
    if find_programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_repository(postgres, tmp_path_factory) -> PostgresRepository:
    """Make a repository with reference calibrations of small frames in it, to be copied.

    It is made once for all workers. Each has a server of its own, since tests freeze and crash
    them, and reads the registry into it from a dump.
    """
    from lsst.ts.dailycal.cli.simulate.reference import prepare_repository
    from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig

    def make(root: pathlib.Path) -> None:
        url = postgres.create_database("original")
        config = SimulationConfig(frame=DIRECT_FRAME, root=root, database=url)
        prepare_repository(config, lambda _: None)
        postgres.dump("original", root / "registry.dump")

    root = made_once(tmp_path_factory, "postgres-repository", make)
    postgres.restore(root / "registry.dump", "template")
    return PostgresRepository(postgres, SimulationConfig(root=root).repository, "template")


@pytest_asyncio.fixture
async def _clean_loop():
    """Watch the loop of an asynchronous test, and count its tasks at the end."""
    with Watchdog(asyncio.get_running_loop()) as watchdog:
        yield
        deadline = time.monotonic() + LAST_WISHES
        while (left := _other_tasks()) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert not left, f"tasks outlive the test: {[task.get_name() for task in left]}: {left}"
    assert not watchdog.blocked, (
        f"the event loop was blocked for {LONGEST_BLOCK:g} s or longer, in\n{watchdog.blocked}"
    )


def _other_tasks() -> list[asyncio.Task]:
    current = asyncio.current_task()
    return [task for task in asyncio.all_tasks() if task is not current and not task.done()]
