# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The distributions, and environments of their own that they are installed in.

Nothing is fetched: what the wheel requires comes from the cache of uv, which has it since the
environment of the tests was made.
"""

import dataclasses
import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TREE = pathlib.Path(__file__).parents[2]
UV = shutil.which("uv", path=f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.defpath}")
NOT_COPIED = {".git", "run", "build", "dist"}
"""Folders at the top of a work tree that belong to nobody's distribution."""


@dataclasses.dataclass(frozen=True, slots=True)
class Distributions:
    """What was built."""

    sdist: pathlib.Path
    """The source distribution, built from a copy of the work tree."""
    wheel: pathlib.Path
    """The wheel that was built from that source distribution."""
    wheel_of_tree: pathlib.Path
    """The wheel that was built from the copy of the work tree."""


@dataclasses.dataclass(frozen=True, slots=True)
class Installation:
    """An environment with the wheel and what it requires, and with none of the extras."""

    root: pathlib.Path
    """The environment."""

    @property
    def scripts(self) -> pathlib.Path:
        """The folder that a script queue is given."""
        (packages,) = (self.root / "lib").glob("python3*/site-packages")
        return packages / "lsst/ts/dailycal/data/scripts"

    def run(self, *command: str | pathlib.Path, cwd: pathlib.Path, **environment: str):
        """Run a program with this environment's programs before all others."""
        return subprocess.run(
            [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=60,
            check=False, stdin=subprocess.DEVNULL,
            env={
                "PATH": f"{self.root / 'bin'}{os.pathsep}{os.defpath}",
                "HOME": str(cwd), "LANG": "C.UTF-8", **environment,
            },
        )  # fmt: skip


def required_by(name: str) -> dict[str, str]:
    """Find what a distribution requires without its extras, with the versions that are here."""
    found: dict[str, str] = {}
    waiting = list(importlib.metadata.requires(name) or ())
    while waiting:
        requirement = Requirement(waiting.pop())
        key = canonicalize_name(requirement.name)
        if key in found or not (
            requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        ):
            continue
        found[key] = importlib.metadata.version(key)
        waiting += importlib.metadata.requires(key) or ()
    return found


def run_uv(*arguments: str | pathlib.Path) -> None:
    assert UV is not None, "make env installs uv"
    done = subprocess.run(
        [UV, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


def install_cached(python: pathlib.Path, *what: str | pathlib.Path) -> None:
    run_uv("pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, *what)


@pytest.fixture(scope="session")
def distributions(tmp_path_factory) -> Distributions:
    root = tmp_path_factory.mktemp("distributions")

    def left_out(folder: str, names: list[str]) -> set[str]:
        out = {
            name for name in names
            if name.startswith((".venv", "__pycache__")) or name.endswith(("_cache", ".egg-info"))
        }  # fmt: skip
        return out | (NOT_COPIED & set(names) if pathlib.Path(folder) == TREE else set())

    # setuptools leaves folders behind, and takes up what it finds in those of an earlier time.
    tree = shutil.copytree(TREE, root / "tree", ignore=left_out, symlinks=True)
    build = ("build", "--quiet", "--offline", "--no-build-isolation", "--python", sys.executable)
    run_uv(*build, "--out-dir", root / "of_sdist", tree)
    run_uv(*build, "--wheel", "--out-dir", root / "of_tree", tree)
    (sdist,) = (root / "of_sdist").glob("*.tar.gz")
    (wheel,) = (root / "of_sdist").glob("*.whl")
    (of_tree,) = (root / "of_tree").glob("*.whl")
    return Distributions(sdist, wheel, of_tree)


def install(installer: str, wheel: pathlib.Path, root: pathlib.Path) -> Installation:
    run_uv("venv", "--quiet", "--python", sys.executable, root)
    python = root / "bin" / "python"
    install_cached(python, *(f"{name}=={v}" for name, v in required_by("ts-dailycal").items()))
    if installer == "uv":
        install_cached(python, wheel)
    else:
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        done = subprocess.run(
            [*pip, "--no-index", "--no-deps", "--no-compile", str(wheel)],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    run_uv("pip", "check", "--quiet", "--python", python)
    return Installation(root)


@pytest.fixture(scope="session")
def installation(distributions, tmp_path_factory) -> Installation:
    return install("uv", distributions.wheel, tmp_path_factory.mktemp("uv") / "environment")


@pytest.fixture(scope="session")
def installation_by_pip(distributions, tmp_path_factory) -> Installation:
    return install("pip", distributions.wheel, tmp_path_factory.mktemp("pip") / "environment")
