# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the known defects and the marker ``prevents`` say the same.

The tests are read, not imported: those of other folders load salobj, DDS and the Butler.
"""

import ast
import collections
import functools
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "doc" / "reference" / "known_defects.md"
SYSTEM = ROOT / "tests" / "system" / "conftest.py"
DEFECTS = [f"D{number}" for number in range(1, 31)]
MARK = "pytest.mark.prevents"

Test = tuple[str, str]
"""Path from the top of the distribution, and name of the function."""


@functools.cache
def parse(path: pathlib.Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules() -> list[pathlib.Path]:
    return sorted((ROOT / "tests").rglob("*.py"))


def functions_of(path: pathlib.Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for node in parse(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]


def identify(path: pathlib.Path, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Test:
    return str(path.relative_to(ROOT)), function.name


@functools.cache
def marked() -> dict[str, set[Test]]:
    """Find the tests that are marked, by defect."""
    found: dict[str, set[Test]] = collections.defaultdict(set)
    for path in modules():
        for function in functions_of(path):
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == MARK:
                    for argument in decorator.args:
                        found[ast.literal_eval(argument)].add(identify(path, function))
    return found


def rows() -> list[list[str]]:
    """Give the cells of each row of the page."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[2:]]


def named_in(cell: str) -> list[Test]:
    """Read a cell of tests: paths, each followed by the functions in it."""
    path, found = "", []
    for word in re.findall(r"`([^`]+)`", cell):
        if word.endswith(".py"):
            path = word
        else:
            found.append((path, word))
    return found


def cell_of(tests: set[Test]) -> str:
    """Write the cell as it should be, to be copied from the error."""
    by_path = collections.defaultdict(list)
    for path, name in sorted(tests):
        by_path[path].append(f"`{name}`")
    return "<br>".join(f"`{path}`: {', '.join(names)}" for path, names in by_path.items())


def is_slow(test: Test) -> bool:
    """Tell whether a test is left out of ``make test``, on all faces that it has."""
    path, name = ROOT / test[0], test[1]
    (function,) = (item for item in functions_of(path) if item.name == name)
    module_marks = [
        node.value
        for node in parse(path).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
    ]
    marks = " ".join(map(ast.unparse, [*function.decorator_list, *module_marks]))
    return "mark.slow" in marks or (SYSTEM.parent in path.parents and path.stem in slow_modules())


@functools.cache
def slow_modules() -> tuple[str, ...]:
    (value,) = (
        node.value
        for node in parse(SYSTEM).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SLOW"
    )
    return ast.literal_eval(value)


def test_every_defect_has_one_row_and_no_other_has():
    assert [row[0] for row in rows()] == DEFECTS
    assert {len(row) for row in rows()} == {4}
    assert all(all(row) for row in rows()), "a cell is empty"
    assert set(marked()) == set(DEFECTS)


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_row_names_the_tests_that_are_marked_for_it(defect):
    (cell,) = (row[3] for row in rows() if row[0] == defect)
    named = named_in(cell)
    assert len(set(named)) == len(named), "a test is named twice"
    assert set(named) == marked()[defect], f"the cell should be\n{cell_of(marked()[defect])}"


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_has_a_test_that_is_run_every_time(defect):
    assert not all(map(is_slow, marked()[defect]))


def test_every_test_that_is_named_exists():
    there = {identify(path, function) for path in modules() for function in functions_of(path)}
    assert {test for row in rows() for test in named_in(row[3])} <= there


def test_the_marker_stands_before_a_test_and_nowhere_else():
    """On a module, a class or a parameter nobody would see which test is meant."""
    for path in modules():
        before_tests = [
            decorator
            for function in functions_of(path)
            for decorator in function.decorator_list
            if ast.unparse(decorator).startswith(MARK)
        ]
        everywhere = [
            node
            for node in ast.walk(parse(path))
            if isinstance(node, ast.Attribute) and ast.unparse(node) == MARK
        ]
        assert len(before_tests) == len(everywhere), path
        for decorator in before_tests:
            assert isinstance(decorator, ast.Call), path
            assert decorator.args and not decorator.keywords, path


def test_slow_modules_are_told_from_others():
    """Or a defect that only a slow test holds would not be noticed."""
    assert "test_faults_of_jobs" in slow_modules()
    (slow, *_) = functions_of(ROOT / "tests" / "system" / "test_faults_of_jobs.py")
    assert is_slow(("tests/system/test_faults_of_jobs.py", slow.name))
    assert not is_slow(("tests/unit/test_known_defects.py", "test_every_test_that_is_named_exists"))
