# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sources import from outside, and what they never do.

The directions of the rooms among themselves are in .importlinter.
"""

import ast
import pathlib
import subprocess
import sys

import pytest

DECIDES = ("model", "ports", "journal", "calibration", "run", "page", "report")
"""Rooms of what decides and remembers."""
ROOT = pathlib.Path(__file__).parents[2] / "python" / "lsst" / "ts" / "dailycal"
SHELLS = {"create_subprocess_shell", "system", "popen", "getoutput", "getstatusoutput"}
SAL_PACKAGES = {"lsst.ts.salobj", "lsst.ts.utils", "lsst.ts.idl", "lsst.ts.xml"}
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


def calls(path: pathlib.Path) -> list[tuple[str, ast.Call]]:
    """List what a module calls, by the last part of its name."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
            found.append((name, node))
    return found


def files(*rooms: str) -> list[pathlib.Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def name(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    "path", files("model", "journal", "calibration", "page", "ports", "run", "report"), ids=name
)
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


# The instrument is a class of the Butler's, and is itself imported where it is used.
@pytest.mark.parametrize(
    "path", [path for path in files("butler") if path.name != "instrument.py"], ids=name
)
def test_the_butler_is_imported_only_where_it_is_used(path):
    assert not [item for item in imports(path, top_level=True) if item.startswith("lsst.")]


@pytest.mark.prevents("D13")
@pytest.mark.parametrize(
    "module",
    [
        "model",
        "journal",
        "calibration",
        "page",
        "ports",
        "run",
        "report",
        "butler",
        "butler.port",
        "cli.main",
    ],
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


@pytest.mark.prevents("D14")
def test_d14_no_program_is_started_through_a_shell():
    wrong = []
    for path in files("."):
        for called, node in calls(path):
            shell = [item.value for item in node.keywords if item.arg == "shell"]
            if called in SHELLS or any(ast.unparse(value) != "False" for value in shell):
                wrong.append(f"{name(path)}:{node.lineno}")
    assert not wrong


@pytest.mark.prevents("D20")
def test_d20_every_remote_names_the_topics_that_it_wants():
    """All topics of the four components of LATISS are hundreds, and each takes time to open."""
    remotes = wrong = 0
    for path in files("sal", "scripts", "cli"):
        for called, node in calls(path):
            if called == "Remote":
                include = [item.value for item in node.keywords if item.arg == "include"]
                remotes += 1
                wrong += not include or ast.unparse(include[0]) == "None"
    assert remotes >= 8
    assert wrong == 0


@pytest.mark.prevents("D27")
def test_d27_of_the_software_of_the_site_only_salobj_and_its_interfaces_are_used():
    found = set().union(*(imports(path, top_level=False) for path in files(".")))
    packages = {".".join(item.split(".")[:3]) for item in found if item.startswith("lsst.ts")}
    assert "lsst.ts.salobj" in packages
    assert packages <= SAL_PACKAGES


@pytest.mark.prevents("D28")
def test_d28_every_script_stands_on_base_script_itself():
    bases = {}
    for path in files("scripts"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = [ast.unparse(base) for base in node.bases]
    scripts = {key for key, value in bases.items() if any("Script" in base for base in value)}
    assert len(scripts) >= 8
    for script in scripts:
        assert len(bases[script]) == 1
        assert bases[script][0] == "salobj.BaseScript" or bases[script][0] in scripts


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
