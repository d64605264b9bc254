# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draw the rooms of the package and the imports between them, so that the picture cannot lie.

``python doc/_ext/rooms_picture.py`` prints rooms, modules, lines and arrows as a table; Sphinx
calls `picture` and `table` for the page on the architecture.
"""

import collections
import dataclasses
import pathlib
import statistics
import sys

import grimp

PACKAGE = "lsst.ts.dailycal"
ROOT = pathlib.Path(__file__).parents[2] / "python" / PACKAGE.replace(".", "/")
WIDTH, HEIGHT = 118, 44
"""Size of a room in the picture, in pixels."""
GAP_X, GAP_Y = 26, 62
"""Space between rooms, in pixels."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rooms:
    """What was found in the code."""

    modules: dict[str, list[str]]
    """Modules of each room."""
    arrows: dict[tuple[str, str], int]
    """How many modules of a room are imported by modules of another: (importer, imported)."""


def find_rooms() -> Rooms:
    """Read the imports of the package."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None, exclude_type_checking_imports=True)
    modules: dict[str, list[str]] = collections.defaultdict(list)
    for name in sorted(graph.modules):
        if room := _room(name):
            modules[room].append(name)
    arrows: collections.Counter[tuple[str, str]] = collections.Counter()
    for name in graph.modules:
        for imported in graph.find_modules_directly_imported_by(name):
            pair = (_room(name), _room(imported))
            if all(pair) and pair[0] != pair[1]:
                arrows[pair] += 1
    return Rooms(dict(modules), dict(arrows))


def _room(module: str) -> str:
    """Tell the room of a module; empty for the package itself and modules beside the rooms."""
    parts = module.removeprefix(PACKAGE).lstrip(".").split(".")
    return parts[0] if (ROOT / parts[0]).is_dir() and parts[0] not in ("", "data") else ""


def levels(rooms: Rooms) -> dict[str, int]:
    """Put every room above those that it imports.

    Raises
    ------
    ValueError
        If rooms import each other in a circle.
    """
    found: dict[str, int] = {}

    def level(room: str, above: tuple[str, ...]) -> int:
        if room in above:
            raise ValueError(f"circle: {' > '.join((*above, room))}")
        if room not in found:
            below = [to for of, to in rooms.arrows if of == room]
            found[room] = 1 + max((level(to, (*above, room)) for to in below), default=-1)
        return found[room]

    for room in rooms.modules:
        level(room, ())
    return found


def table(rooms: Rooms) -> str:
    """Write rooms and imports as a table in Markdown."""
    lines = [
        "| room | modules | lines | median | longest | imports (places) |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for room, names in sorted(rooms.modules.items()):
        sizes = [len(_file(name).read_text(encoding="utf-8").splitlines()) for name in names]
        imports = ", ".join(
            f"{to} ({count})" for (of, to), count in sorted(rooms.arrows.items()) if of == room
        )
        lines.append(
            f"| `{room}/` | {len(names)} | {sum(sizes)} | {statistics.median(sizes):.0f} | "
            f"{max(sizes)} | {imports or 'nothing of ours'} |"
        )
    return "\n".join([*lines, ""])


def _file(module: str) -> pathlib.Path:
    path = ROOT.joinpath(*module.removeprefix(f"{PACKAGE}.").split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def picture(rooms: Rooms) -> str:
    """Draw the rooms as SVG: each above those that it imports, thicker for more imports."""
    rows: dict[int, list[str]] = collections.defaultdict(list)
    for room, level in levels(rooms).items():
        rows[level].append(room)
    widest = max(map(len, rows.values()))
    width = widest * (WIDTH + GAP_X) + GAP_X
    height = len(rows) * (HEIGHT + GAP_Y) + GAP_Y // 2
    places = {}
    for level, names in rows.items():
        begin = (width - len(names) * (WIDTH + GAP_X) + GAP_X) / 2
        for number, room in enumerate(sorted(names)):
            x = begin + number * (WIDTH + GAP_X)
            places[room] = (x, height - (level + 1) * (HEIGHT + GAP_Y) + GAP_Y // 2)
    parts = [_arrow(places[of], places[to], count) for (of, to), count in rooms.arrows.items()]
    parts += [_box(room, place, len(rooms.modules[room])) for room, place in places.items()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" role="img" aria-label="The rooms of the package and their imports">',
            '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto" markerUnits="userSpaceOnUse">'
            '<path d="M0 0L8 4L0 8z" fill="#56789a"/></marker></defs>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _arrow(of: tuple[float, float], to: tuple[float, float], count: int) -> str:
    x1, y1 = of[0] + WIDTH / 2, of[1] + HEIGHT
    x2, y2 = to[0] + WIDTH / 2, to[1]
    bend = (y2 - y1) / 2
    path = f"M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"
    stroke = 0.8 + min(count, 40) / 16
    return (
        f'<path d="{path}" fill="none" stroke="#56789a" stroke-opacity="0.45" '
        f'stroke-width="{stroke:.1f}" marker-end="url(#a)"/>'
    )


def _box(room: str, place: tuple[float, float], modules: int) -> str:
    x, y = place
    middle = x + WIDTH / 2
    return (
        f'<g><rect x="{x:.0f}" y="{y:.0f}" width="{WIDTH}" height="{HEIGHT}" rx="6" '
        'fill="#eef3f8" stroke="#234"/>'
        f'<text x="{middle:.0f}" y="{y + 19:.0f}" text-anchor="middle" font-family="sans-serif" '
        f'font-size="14" font-weight="bold" fill="#123">{room}/</text>'
        f'<text x="{middle:.0f}" y="{y + 35:.0f}" text-anchor="middle" font-family="sans-serif" '
        f'font-size="11" fill="#345">{modules} modules</text></g>'
    )


if __name__ == "__main__":
    sys.stdout.write(table(find_rooms()))
