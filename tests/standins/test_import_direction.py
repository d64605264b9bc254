# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the stand-ins import in one direction, those for type checkers only included."""

from __future__ import annotations

import graphlib

import grimp
import pytest

LAYERS = [
    {"participant"},
    {"publisher", "subscriber"},
    {"shared_participant", "conditions", "history"},
    {"discovery", "inventory", "topic"},
    {"discovered", "loopback", "qos", "codec"},
]
"""Decision 0019: whoever makes something stands above it. A layer imports those below it."""


@pytest.mark.parametrize("package", ["dds", "ddsutil", "ts_interfaces", "lsst.ts.ddsconfig"])
def test_no_modules_import_one_another_in_a_circle(package):
    graph = grimp.build_graph(package, cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    assert len(list(graphlib.TopologicalSorter(imports).static_order())) == len(imports)


def test_a_module_of_dds_imports_only_what_is_below_it():
    graph = grimp.build_graph("dds", cache_dir=None)
    broken = graph.find_illegal_dependencies_for_layers(
        [{f"dds.{name}" for name in layer} for layer in LAYERS]
    )
    assert broken == set()
