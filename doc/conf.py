# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration of Sphinx."""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
sys.path.insert(0, str(HERE.parent / "python"))

from lsst.ts.dailycal.version import VERSION  # noqa: E402 - the path comes first

project = "ts_dailycal"
author = "the ts_dailycal developers"
copyright = f"2026, {author}"
version = release = VERSION

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "generated_reference",
]
# rooms.md is a part of architecture.md
exclude_patterns = ["_build", "_ext", "reference/_generated/rooms.md"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
html_theme = "furo"
html_title = f"ts_dailycal {VERSION}"
html_static_path: list[str] = []

myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3

default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "show-inheritance": False}
# Of all objects of the packages, in the sidebar of each page: they take a third of the time.
toc_object_entries = False
napoleon_google_docstring = False
# Names are imported into their room, so that a short one can be found twice.
suppress_warnings = ["ref.python"]
