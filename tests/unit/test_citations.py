# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents cite only files that are there, and nothing needs a file beside the repository."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
TOP = ("bench", "bin", "doc", "python", "requirements", "standins", "tests", "ups")
MADE = {"results", "_build", "_generated"}
"""Folders with what commands write, which is not kept."""
CITED = re.compile(rf"[`(]((?:\.\./|(?:{'|'.join(TOP)})/)[\w./-]*[\w/])(?:::[\w\[\]-]+)?[`)#]")


def documents() -> list[pathlib.Path]:
    below = [path for folder in TOP for path in (ROOT / folder).rglob("*.md")]
    return [path for path in [*ROOT.glob("*.md"), *below] if not MADE & set(path.parts)]


def is_there(document: pathlib.Path, cited: str) -> bool:
    path = (document.parent if cited.startswith("../") else ROOT) / cited
    return path.resolve().is_relative_to(ROOT) and path.exists()


def test_a_document_cites_only_files_of_the_repository():
    found = documents()
    assert ROOT / "doc" / "architecture.md" in found
    missing = {
        f"{document.relative_to(ROOT)}: {cited}"
        for document in found
        for cited in CITED.findall(document.read_text(encoding="utf-8"))
        if not MADE & set(pathlib.Path(cited).parts)
        if not is_there(document, cited)
    }
    assert missing == set()


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("see `../reference/page.md`", ["../reference/page.md"]),
        ("[this](../howto/page.md#part)", ["../howto/page.md"]),
        ("`tests/unit/test_x.py::test_y`", ["tests/unit/test_x.py"]),
        ("`auxtel/script.py` and ../elsewhere", []),
    ],
)
def test_what_is_cited_is_found_in_a_text(text, cited):
    assert CITED.findall(text) == cited
