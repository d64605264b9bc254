# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the pages of the reference that follow from the code, before Sphinx reads the rest.

They go to ``doc/reference/_generated``, which is not under version control.
"""

import importlib.util
import pathlib
import pkgutil
import subprocess
import sys
import types
import typing

import click
from rooms_picture import find_rooms, picture, table
from sphinx.application import Sphinx

import lsst.ts.dailycal
from lsst.ts.dailycal.calibration import configuration_schema
from lsst.ts.dailycal.cli.exit_codes import ExitCode
from lsst.ts.dailycal.cli.json_outputs import OUTPUTS
from lsst.ts.dailycal.cli.main import cli
from lsst.ts.dailycal.cli.script.command import script
from lsst.ts.dailycal.cli.script.properties import describe_default, describe_type
from lsst.ts.dailycal.report.event_schema import Schema

ROOMS = {
    "model": "The nouns of the domain",
    "ports": "What the engine needs of the world",
    "journal": "Journal, lock and observers",
    "calibration": "What a calibration run is, as pure functions",
    "run": "The engine of a calibration run",
    "page": "The procedure page",
    "sal": "The ports over salobj",
    "butler": "The repository port",
    "announce": "Announcements",
    "scripts": "The SAL scripts",
    "pipelines": "The embedded pipelines",
    "sim": "The simulated observatory",
    "testing": "The test kit",
    "report": "Views of journals",
}


def setup(app: Sphinx) -> dict[str, typing.Any]:
    """Connect to Sphinx."""
    app.connect("builder-inited", generate)
    app.connect("autodoc-skip-member", skip_aliases)
    app.connect("source-read", add_faults)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def add_faults(app: Sphinx, docname: str, source: list[str]) -> None:
    """List the page of the faults, which a test run writes, where there is one."""
    if docname == "index":
        name = "faults" if (pathlib.Path(app.srcdir) / "faults.md").exists() else ""
        source[0] = source[0].replace("@faults@", name)


def skip_aliases(*arguments: typing.Any) -> bool | None:
    """Leave out aliases such as ``dict[str, int]``, whose signature Sphinx cannot format."""
    _, _, _, value, *_ = arguments
    return True if isinstance(value, types.GenericAlias) else None


def generate(app: Sphinx) -> None:
    """Write all pages; one that has not changed keeps its time, so that Sphinx skips it."""
    folder = pathlib.Path(app.srcdir) / "reference" / "_generated"
    # In a process of their own, whose messages are not those of Sphinx.
    pictures = pathlib.Path(__file__).with_name("page_pictures.py")
    subprocess.run([sys.executable, str(pictures), "--if-changed"], check=True)
    rooms = find_rooms()
    pages = {
        "configuration.md": configuration_page(),
        "commands.md": commands_page(),
        "exit_codes.md": exit_codes_page(),
        "json.md": json_page(),
        "rooms.md": table(rooms),
        "rooms.svg": picture(rooms),
        **{f"{room}.rst": room_page(room, title) for room, title in ROOMS.items() if exists(room)},
    }
    pages["index.md"] = index_page(pages)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def index_page(pages: dict[str, str]) -> str:
    """List the pages of the rooms."""
    rooms = [pathlib.Path(name).stem for name in pages if name.endswith(".rst")]
    lines = ["# The Python packages", "", "```{toctree}", ":maxdepth: 1", "", *rooms, "```", ""]
    return "\n".join(lines)


def exists(room: str) -> bool:
    """Tell whether a room has anything in it."""
    return bool(modules(room))


def modules(room: str) -> list[str]:
    """List the modules of a room that have public names, with their full names."""
    package = importlib.util.find_spec(f"{lsst.ts.dailycal.__name__}.{room}")
    if package is None or package.submodule_search_locations is None:
        return []
    prefix = f"{package.name}."
    found = pkgutil.walk_packages(package.submodule_search_locations, prefix)
    return sorted(item.name for item in found if _is_public(item.name))


def _is_public(name: str) -> bool:
    return not any(part.startswith("_") for part in name.split("."))


def room_page(room: str, title: str) -> str:
    """Write the page of a room: what its modules say of themselves."""
    lines = [title, "=" * len(title), ""]
    prefix = f"{lsst.ts.dailycal.__name__}."
    for name in modules(room):
        short = name.removeprefix(prefix)
        lines += [short, "-" * len(short), "", f".. automodule:: {name}", ""]
    return "\n".join(lines)


def configuration_page() -> str:
    """Write the page of the script's configuration, from its JSON schema."""
    schema = configuration_schema()
    lines = [
        "# Configuration of make_latiss_calibrations.py",
        "",
        _text(schema["description"]),
        "",
        "Required: " + ", ".join(f"`{name}`" for name in schema["required"]) + ".",
        "",
    ]
    plain, compatible = [], []
    for name, rule in schema["properties"].items():
        is_compatible = _text(rule["description"]).startswith("Accepted for compatibility")
        (compatible if is_compatible else plain).append((name, rule))
    for name, rule in plain:
        lines += [f"`{name}`", f": {_text(rule['description'])}"]
        lines += [f"  {_values(rule)}", ""]
    lines += [
        "## Accepted and without effect",
        "",
        "So that every configuration of today's script for these modes stays valid:",
        "",
        ", ".join(f"`{name}`" for name, _ in compatible) + ".",
        "",
    ]
    return "\n".join(lines)


def _text(text: str) -> str:
    return " ".join(text.split())


def _values(rule: dict[str, typing.Any]) -> str:
    kind, default = describe_type(rule, "`"), describe_default(rule, "`")
    end = f"Default: {default}." if default else "No default."
    return f"{kind[:1].upper()}{kind[1:]}. {end}"


def exit_codes_page() -> str:
    """Write the page of the exit codes."""
    docs = _field_docs()
    lines = [
        "# Exit codes",
        "",
        "A command that runs a script passes the exit code of the script on: 0 if it ended DONE or "
        "STOPPED, 1 if it FAILED, 2 if it ended in any other way, 128 + n if signal n ended it. "
        "The codes of our own:",
        "",
        "| code | name | meaning |",
        "|---|---|---|",
    ]
    lines += [f"| {code.value} | {code.name} | {docs.get(code.name, '')} |" for code in ExitCode]
    return "\n".join([*lines, ""])


def _field_docs() -> dict[str, str]:
    """Read the docstrings under the members of the enumeration."""
    from sphinx.pycode import ModuleAnalyzer

    analyzer = ModuleAnalyzer.for_module(ExitCode.__module__)
    analyzer.analyze()
    return {
        name: _text(" ".join(lines))
        for (owner, name), lines in analyzer.attr_docs.items()
        if owner == "ExitCode"
    }


def json_page() -> str:
    """Write the page of what commands print with ``--json``, from the schemas."""
    lines = [
        "# What commands print as JSON",
        "",
        "With `--json` a command prints one JSON object, or one a line. `dailycal schema NAME` "
        "prints the JSON schema; its `version` is raised when a key goes or gets another meaning, "
        "and stays when there are more: pass over what you do not know.",
        "",
        "A key that ends in `utc` is a time in UTC, ISO 8601; one that ends in `tai` is in seconds "
        "since 1970-01-01 TAI. Validity ranges are ISO 8601, TAI, as in the Butler. Durations are "
        "in seconds. Names of images, components and jobs are texts, e.g. `AT_O_20220929_000004`.",
        "",
        "A command that cannot do what it is asked prints as its last line an object with "
        '`"event": "Error"`, `text`, `advice` (what to do, at best a command) and `exit_code`.',
        "",
        "| NAME | version | printed by | what it is |",
        "|---|---|---|---|",
    ]
    objects: dict[str, Schema] = {}
    chapters: list[str] = []
    for name, output in OUTPUTS.items():
        schema = output.make()
        by = ", ".join(f"`{command}`" for command in output.commands)
        many = "; one a line" * output.many
        lines.append(f"| [{name}](#{name}) | {schema['version']} | {by} | {output.text}{many} |")
        if name == "line":  # each kind is described where its class is
            chapters += ["## line", "", "See [Events as JSON](../events.md).", ""]
            continue
        kinds = schema.get("anyOf", [schema])
        chapters += [f"## {name}", "", f"{schema['title']}, as {by} prints it.", ""]
        for kind in kinds:
            chapters += [*_keys_table(kind, objects), ""]
    done: set[str] = set()
    more: list[str] = []
    while left := sorted(set(objects) - done):
        for title in left:
            more += [f"### {title}", "", *_keys_table(objects[title], objects), ""]
            done.add(title)
    return "\n".join([*lines, "", *chapters, "## Objects in them", "", *more])


def _keys_table(schema: Schema, objects: dict[str, Schema]) -> list[str]:
    """List the keys of an object; remember the objects in it."""
    if "properties" not in schema:
        return [f"Any keys, each {_json_type(schema['additionalProperties'], objects)}."]
    lines = ["| key | type | meaning |", "|---|---|---|"]
    for key, rule in schema["properties"].items():
        text = rule.get("description", "").replace("|", "\\|")
        lines.append(f"| `{key}` | {_json_type(rule, objects)} | {text} |")
    return lines


def _json_type(rule: Schema, objects: dict[str, Schema]) -> str:
    """Say of which type a value is."""
    if "anyOf" in rule:
        return " or ".join(_json_type(item, objects) for item in rule["anyOf"])
    if "enum" in rule:
        return ", ".join(f"`{value}`" for value in rule["enum"])
    if "prefixItems" in rule:
        return "[" + ", ".join(_json_type(item, objects) for item in rule["prefixItems"]) + "]"
    if rule["type"] == "array":
        return f"list of {_json_type(rule['items'], objects)}"
    if "properties" in rule:
        objects.setdefault(rule["title"], rule)
        return f"[{rule['title']}](#{rule['title'].lower()})"
    if rule["type"] == "object":
        return f"object of {_json_type(rule['additionalProperties'], objects)}"
    return str(rule["type"])


def commands_page() -> str:
    """Write the page of the commands, from what they print with ``--help``."""
    lines = ["# Commands", ""]
    for name, command in _walk("dailycal", cli):
        lines += [f"## {name}", "", "```text", _help(name, command), "```", ""]
    lines += ["## run_script", "", "The same as `dailycal script`.", ""]
    lines += ["```text", _help("run_script", script), "```", ""]
    return "\n".join(lines)


def _walk(name: str, command: click.Command) -> typing.Iterator[tuple[str, click.Command]]:
    if name != "dailycal script":
        yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from _walk(f"{name} {child}", found)


def _help(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, terminal_width=88, max_content_width=88)
    return command.get_help(context).rstrip()
