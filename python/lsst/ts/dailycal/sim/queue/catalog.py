# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts that a queue can run: executables in two directories."""

__all__ = ["ScriptCatalog", "fetch_schema"]

import asyncio
import os
from pathlib import Path

from ...forking import script_environment

SCHEMA_TIMEOUT = 20.0
"""How long a script may take to tell its schema, in seconds."""
_TAIL = 500  # characters of an error output that are worth telling


class ScriptCatalog:
    """Finds scripts.

    A script is an executable file whose name does not begin with a dot or an underscore, in a
    directory whose name does not begin with a dot. Links to directories are not followed.

    Parameters
    ----------
    standard, external : `~pathlib.Path`
        The directories of standard and of external scripts.

    Raises
    ------
    ValueError
        If one of them is no directory.
    """

    def __init__(self, standard: Path, external: Path) -> None:
        for path in (standard, external):
            if not path.is_dir():
                raise ValueError(f"There is no directory {path} with scripts.")
        self.standard = standard.resolve()
        self.external = external.resolve()

    def root(self, is_standard: bool) -> Path:
        """Return the directory of one kind (`~pathlib.Path`)."""
        return self.standard if is_standard else self.external

    def find(self, is_standard: bool) -> list[str]:
        """List the scripts of one kind by their paths in its directory (`list` [`str`])."""
        found: list[str] = []
        root = self.root(is_standard)
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                path = Path(folder, name)
                if not name.startswith((".", "_")) and os.access(path, os.X_OK):
                    found.append(path.relative_to(root).as_posix())
        return sorted(found)

    def executable(self, is_standard: bool, path: str) -> Path:
        """Find one script.

        Parameters
        ----------
        is_standard : `bool`
            Its kind.
        path : `str`
            Its path in the directory of that kind.

        Raises
        ------
        ValueError
            If there is none; nothing outside of the directory is looked at.
        """
        if path not in self.find(is_standard):
            kind = "standard" if is_standard else "external"
            raise ValueError(f"There is no {kind} script {path!r} in {self.root(is_standard)}.")
        return self.root(is_standard) / path


async def fetch_schema(executable: Path) -> str:
    """Ask a script for its schema.

    Parameters
    ----------
    executable : `~pathlib.Path`
        The script.

    Returns
    -------
    schema : `str`
        JSON schema as YAML text; empty if the script takes no configuration.

    Raises
    ------
    RuntimeError
        If it fails, or takes too long.
    """
    process = await asyncio.create_subprocess_exec(
        executable.name,
        "0",
        "--schema",
        env=script_environment(executable),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SCHEMA_TIMEOUT):
            output, errors = await process.communicate()
    except TimeoutError:
        raise RuntimeError(
            f"{executable.name} did not tell its schema within {SCHEMA_TIMEOUT:g} s."
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        tail = errors.decode(errors="replace").strip()[-_TAIL:]
        raise RuntimeError(f"{executable.name} --schema failed ({process.returncode}): {tail}")
    return output.decode(errors="replace")
