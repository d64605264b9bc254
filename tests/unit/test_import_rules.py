# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rooms import from outside. Their directions among themselves are in .importlinter."""

import ast
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2] / "python" / "lsst" / "ts" / "dailycal"
TRANSPORT = ("lsst", "dds", "ddsutil", "cyclonedds", "slack_sdk", "aiohttp")


def imports(path: pathlib.Path, *, top_level: bool) -> set[str]:
    """Find the packages outside of ours that a module imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = _unconditional(tree) if top_level else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
    return {name for name in found if not name.startswith("lsst.ts.dailycal")}


def _unconditional(tree: ast.Module) -> list[ast.stmt]:
    """List the statements that run when a module is imported, TYPE_CHECKING left out."""
    found: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        found.append(node)
    return found


def files(*rooms: str) -> list[pathlib.Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def name(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", files("model", "procedure", "ports", "run", "report"), ids=name)
def test_what_decides_and_remembers_knows_no_transport_and_no_butler(path):
    found = {item.partition(".")[0] for item in imports(path, top_level=False)}
    assert not found.intersection(TRANSPORT)


@pytest.mark.parametrize("path", files("model"), ids=name)
def test_the_nouns_do_no_input_and_no_output(path):
    found = {item.partition(".")[0] for item in imports(path, top_level=False)}
    assert found <= set(sys.stdlib_module_names)
    assert not found.intersection({"asyncio", "os", "pathlib", "subprocess", "socket", "io"})


@pytest.mark.parametrize("path", files("sal"), ids=name)
def test_the_ports_over_salobj_do_not_know_the_butler(path):
    assert not [item for item in imports(path, top_level=False) if item.startswith("lsst.daf")]


@pytest.mark.parametrize("path", files("butler"), ids=name)
def test_the_butler_is_imported_only_where_it_is_used(path):
    if path.name == "instrument.py":
        pytest.skip("defines a class of the Butler's, and is itself imported where it is used")
    assert not [item for item in imports(path, top_level=True) if item.startswith("lsst.")]


@pytest.mark.parametrize(
    "module",
    ["model", "procedure", "ports", "run", "report", "butler", "butler.port", "cli.main"],
)
def test_a_room_can_be_imported_without_salobj_dds_and_butler(module):
    program = (
        "import sys, importlib\n"
        f"importlib.import_module('lsst.ts.dailycal.{module}')\n"
        "print([name for name in ('lsst.ts.salobj', 'dds', 'cyclonedds', 'lsst.daf.butler') "
        "if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_no_python_file_of_the_namespace_shadows_that_of_others():
    for folder in (ROOT.parent, ROOT.parent.parent):
        assert not (folder / "__init__.py").exists()


def test_every_file_says_whose_it_is_and_under_which_licence():
    root = pathlib.Path(__file__).parents[2]
    folders = ("python", "tests", "standins", "bench", "doc", "bin")
    paths = [path for folder in folders for path in (root / folder).rglob("*.py")]
    assert len(paths) > 100
    wrong = []
    for path in paths:
        if any(part.startswith(("_build", "build")) for part in path.parts):
            continue
        head = path.read_text(encoding="utf-8").splitlines()[:5]
        if "# SPDX-License-Identifier: GPL-3.0-or-later" not in head:
            wrong.append(str(path.relative_to(root)))
    assert not wrong
