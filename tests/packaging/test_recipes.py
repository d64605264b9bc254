# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lists of requirements, which are written down once for each way of installing."""

import configparser
import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib

import jinja2
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from lsst.ts.dailycal.version import VERSION

TREE = pathlib.Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORM = {
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "sys_platform": "linux",
}


@pytest.fixture(scope="module")
def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(TREE / "setup.cfg", encoding="utf-8")
    return parser


@pytest.fixture(scope="module")
def recipe() -> dict:
    def load_file_regex(load_file, regex_pattern, from_recipe_dir):
        assert from_recipe_dir
        return re.search(regex_pattern, (TREE / "conda" / load_file).read_text(encoding="utf-8"))

    text = (TREE / "conda/meta.yaml").read_text(encoding="utf-8")
    strict = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    rendered = strict.from_string(text).render(load_file_regex=load_file_regex, PYTHON="python")
    return yaml.safe_load(rendered)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def locked(python: str) -> dict[str, str]:
    """Return the pinned version of every distribution for a version of Python."""
    text = (TREE / "requirements/requirements.lock").read_text(encoding="utf-8")
    environment = {**PLATFORM, "python_version": python, "python_full_version": f"{python}.9"}
    found: dict[str, str] = {}
    for requirement in map(Requirement, lines(text)):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            name = canonicalize_name(requirement.name)
            assert name not in found, f"{name} is pinned twice for Python {python}"
            (specifier,) = requirement.specifier
            assert specifier.operator == "=="
            found[name] = specifier.version
    return found


def test_the_conda_recipe_requires_what_the_distribution_and_its_scripts_require(setup, recipe):
    ours = lines(setup["options"]["install_requires"]) + lines(
        setup["options.extras_require"]["sal"]
    )
    wanted = names(ours) | {"python"}
    assert {text.split()[0] for text in recipe["requirements"]["run"]} == wanted


def test_the_conda_recipe_is_of_this_version_and_makes_the_same_commands(setup, recipe):
    assert recipe["package"] == {"name": "ts-dailycal", "version": VERSION}
    commands = lines(setup["options.entry_points"]["console_scripts"])
    assert recipe["build"]["entry_points"] == commands
    assert recipe["build"]["noarch"] == "python"
    assert (TREE / "conda" / recipe["source"]["path"]).resolve() == TREE
    python = f"python {setup['options']['python_requires']}"
    assert python in recipe["requirements"]["run"]
    assert python in recipe["requirements"]["host"]


def test_the_table_for_eups_names_every_requirement(setup):
    table = (TREE / "ups/ts_dailycal.table").read_text(encoding="utf-8")
    products = {name.replace("_", "-") for name in re.findall(r"^setup\w+\((\w+)\)", table, re.M)}
    extras = setup["options.extras_require"]
    wanted = names(lines(setup["options"]["install_requires"]))
    assert wanted | names(lines(extras["sal"])) | names(lines(extras["slack"])) <= products


def test_every_command_is_there_where_the_package_is_set_up_and_not_installed(setup, tmp_path):
    for line in lines(setup["options.entry_points"]["console_scripts"]):
        name = line.partition("=")[0].strip()
        assert os.access(TREE / "bin" / name, os.X_OK)
        done = subprocess.run(
            [sys.executable, TREE / "bin" / name, "--help"], capture_output=True, text=True,
            cwd=tmp_path, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"Usage: {name}")


def test_the_extra_all_is_every_other_extra(setup):
    extras = setup["options.extras_require"]
    (everything,) = lines(extras["all"])
    assert Requirement(everything).extras == set(extras) - {"all"}


def test_the_versions_of_python_are_the_same_everywhere(setup):
    classifiers = lines(setup["metadata"]["classifiers"])
    versions = [text.rpartition(" ")[2] for text in classifiers if "Python :: 3." in text]
    assert tuple(versions) == PYTHONS
    makefile = (TREE / "Makefile").read_text(encoding="utf-8")
    assert f"\nPYTHONS := {' '.join(PYTHONS)}\n" in makefile
    assert setup["options"]["python_requires"] == f">={PYTHONS[0]}"
    project = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["mypy"]["python_version"] == PYTHONS[0]
    assert project["tool"]["ruff"]["target-version"] == f"py{PYTHONS[0].replace('.', '')}"


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_has_what_the_distribution_and_its_extras_require(setup, python):
    extras = setup["options.extras_require"]
    ours = lines(setup["options"]["install_requires"])
    for name in set(extras) - {"all"}:
        ours += lines(extras[name])
    pins = locked(python)
    for requirement in map(Requirement, ours):
        version = pins[canonicalize_name(requirement.name)]
        assert SpecifierSet(str(requirement.specifier)).contains(version)


def test_the_citation_is_of_this_version_and_licence(setup):
    citation = yaml.safe_load((TREE / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == VERSION
    assert citation["license"] == setup["metadata"]["license"]
    assert {"cff-version", "title", "message", "authors"} <= citation.keys()


def test_the_address_of_the_project_is_the_same_everywhere(setup, recipe):
    metadata = setup["metadata"]
    citation = yaml.safe_load((TREE / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["repository-code"] == recipe["about"]["home"] == metadata["url"]
    for address in lines(metadata["project_urls"]):
        assert address.partition(" = ")[2].startswith(metadata["url"])


def test_the_container_for_development_makes_the_environment_that_the_makefile_has():
    folder = TREE / ".devcontainer"
    container = json.loads((folder / "devcontainer.json").read_text(encoding="utf-8"))
    dockerfile = (folder / container["build"]["dockerfile"]).read_text(encoding="utf-8")
    (image,) = re.findall(r"^FROM python:(\S+?)-", dockerfile, re.M)
    assert image in PYTHONS
    (user,) = re.findall(r"^USER (\w+)$", dockerfile, re.M)
    assert container["remoteUser"] == user
    (volume,) = re.findall(r"^VOLUME (\S+)$", dockerfile, re.M)
    assert f"ENV DAILYCAL_JOURNAL_DIR={volume}\n" in dockerfile
    assert [mount["target"] for mount in container["mounts"]] == [volume]
