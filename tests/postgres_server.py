# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server of the tests' own: its own cluster, one socket, no network."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import typing
import urllib.parse

import psutil
import yaml

from lsst.ts.dailycal.butler.database_url import driver_url
from lsst.ts.dailycal.daemon_executor import DaemonExecutor

_DEBIAN = pathlib.Path("/usr/lib/postgresql")
_START_TIMEOUT = 60.0
_STOP_TIMEOUT = 30.0
ACCOUNT = "observer"
_VARIABLES = ("PGUSER", "PGPASSWORD", "PGHOST", "PGPORT", "PGDATABASE", "PGSERVICE", "PGPASSFILE")


def find_programs() -> pathlib.Path | None:
    """Find the directory of ``initdb`` and ``postgres``; Debian's is not on the path."""
    newest = sorted(_DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    for directory in (*newest, *([pathlib.Path(on_path).parent] if on_path else [])):
        if all((directory / name).exists() for name in ("initdb", "postgres")):
            return directory
    return None


class PostgresServer:
    """A server that ends with this process, whatever ends it. Use it as a context.

    Everybody needs a password, so that it can be seen where it gets to.
    """

    def __init__(self) -> None:
        programs = find_programs()
        assert programs is not None
        self._programs = programs
        # Short, since the name of a socket is, and open to the server's account.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="dailycal-pg-"))
        self.password = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        # The server ends with the thread that started it: not one of a test's event loop.
        self._starter = DaemonExecutor("postgres")
        self._before: dict[str, str | None] = {}

    def __enter__(self) -> typing.Self:
        try:
            self._initialize()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        self._before = {name: os.environ.pop(name, None) for name in _VARIABLES}
        os.environ["PGUSER"] = ACCOUNT
        os.environ["PGPASSWORD"] = self.password
        return self

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        try:
            self.stop(signal.SIGQUIT)
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _initialize(self) -> None:
        secret = self.directory / "secret"
        secret.write_text(f"{self.password}\n")
        if (account := self._server_account()) is not None:
            for path in (self.directory, secret):
                os.chown(path, account.pw_uid, account.pw_gid)
        self._run(
            str(self._programs / "initdb"), "--pgdata", str(self.directory / "data"),
            "--username", ACCOUNT, "--pwfile", str(secret), "--auth", "scram-sha-256",
            "--encoding", "UTF8", "--no-locale", "--no-sync",
        )  # fmt: skip
        secret.unlink()

    @staticmethod
    def _server_account() -> pwd.struct_passwd | None:
        """Choose whose the server is: the server refuses to be root's."""
        return pwd.getpwnam("postgres") if os.geteuid() == 0 else None

    def _as_account(self) -> list[str]:
        """Give what stands before the server's command: another account, and our end is its."""
        argv = ["setpriv", "--pdeathsig", "QUIT"]
        if (account := self._server_account()) is not None:
            argv += [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        return [*argv, "--"]

    def _run(self, *argv: str) -> None:
        done = subprocess.run(
            [*self._as_account(), *argv], capture_output=True, text=True, check=False,
            timeout=_START_TIMEOUT, cwd=self.directory, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        argv = [
            str(self._programs / "postgres"), "-D", str(self.directory / "data"),
            "-k", str(self.directory), "-c", "listen_addresses=", "-c", "max_connections=60",
        ]  # fmt: skip
        with (self.directory / "log").open("ab") as log:
            starting = self._starter.submit(
                subprocess.Popen,
                [*self._as_account(), *argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.directory, start_new_session=True,
            )  # fmt: skip
            self._process = starting.result(_START_TIMEOUT)
        deadline = time.monotonic() + _START_TIMEOUT
        while "ready" not in self._status():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def _status(self) -> str:
        """Read the last line of the server's own file about itself."""
        try:
            return (self.directory / "data" / "postmaster.pid").read_text().splitlines()[7]
        except (OSError, IndexError):
            return ""

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT cuts everybody off, SIGQUIT is a crash."""
        process, self._process = self._process, None
        if process is None:
            return
        _signal([psutil.Process(process.pid), *self._backends(process.pid)], signal.SIGCONT)
        process.send_signal(number)
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def freeze(self) -> None:
        """Stop the server and all that it started, as a machine that hangs would."""
        _signal(self._all(), signal.SIGSTOP)

    def freeze_backends(self) -> int:
        """Stop what serves the present connections, and count it; new ones are served."""
        return _signal(
            [child for child in self._all() if _title(child).startswith(f"postgres: {ACCOUNT} ")],
            signal.SIGSTOP,
        )

    def thaw(self) -> None:
        """Let go on what was stopped."""
        _signal(self._all(), signal.SIGCONT)

    def _all(self) -> list[psutil.Process]:
        assert self._process is not None
        return [psutil.Process(self._process.pid), *self._backends(self._process.pid)]

    @staticmethod
    def _backends(pid: int) -> list[psutil.Process]:
        try:
            return psutil.Process(pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def log(self) -> str:
        """Read what the server has said."""
        return (self.directory / "log").read_text(errors="replace")

    def url(self, name: str) -> str:
        """Give the address of a database."""
        return f"postgresql:///{name}?host={urllib.parse.quote(str(self.directory), safe='')}"

    def connect(self, name: str = "postgres") -> typing.Any:
        """Connect to a database; each statement is a transaction."""
        import psycopg2

        connection = psycopg2.connect(dbname=name, host=str(self.directory), connect_timeout=10)
        connection.autocommit = True
        return connection

    def query(self, statement: str, name: str = "postgres") -> list[tuple[typing.Any, ...]]:
        """Execute a statement, and fetch what it gives."""
        connection = self.connect(name)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database as the Butler needs it, or a copy of one; return its address."""
        like = f" TEMPLATE {template}" if template else ""
        self.query(f"CREATE DATABASE {name}{like}")
        if template is None:
            self.query("CREATE EXTENSION btree_gist", name)
        return self.url(name)

    def dump(self, name: str, file: pathlib.Path) -> None:
        """Write a database into a file, for a server of the same version."""
        self._run_client("pg_dump", "--format=custom", f"--file={file}", f"--dbname={name}")

    def restore(self, file: pathlib.Path, name: str) -> None:
        """Make a database of what was written into a file."""
        self.create_database(name)
        self._run_client("pg_restore", "--exit-on-error", f"--dbname={name}", str(file))

    def _run_client(self, program: str, *argv: str) -> None:
        """Run a program that connects to the server, with the account in our environment."""
        done = subprocess.run(
            [str(self._programs / program), f"--host={self.directory}", *argv],
            capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def _signal(children: list[psutil.Process], number: signal.Signals) -> int:
    """Send a signal to those that are still there, and count them."""
    reached = 0
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.send_signal(number)
            reached += 1
    return reached


def _title(child: psutil.Process) -> str:
    try:
        return " ".join(child.cmdline())
    except psutil.NoSuchProcess:
        return ""


@dataclasses.dataclass
class PostgresRepository:
    """A repository whose registry is in a database of its own, so that both can be copied."""

    server: PostgresServer
    path: pathlib.Path
    """Its files. Those of the one that is shared name another worker's server: only copy them."""
    database: str

    def copy(self, path: pathlib.Path) -> PostgresRepository:
        """Copy the repository, files and database."""
        database = f"copy_{secrets.token_hex(6)}"
        url = self.server.create_database(database, self.database)
        shutil.copytree(self.path, path)
        config = path / "butler.yaml"
        settings = yaml.safe_load(config.read_text())
        settings["registry"]["db"] = driver_url(url)
        config.write_text(yaml.safe_dump(settings))
        return PostgresRepository(self.server, path, database)

    def drop(self) -> None:
        """Remove the database; the files are the caller's."""
        self.server.query(f"DROP DATABASE {self.database} WITH (FORCE)")
