# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find a script by its path, or by the path under which a queue lists it."""

__all__ = ["calibration_script", "find_script", "list_scripts", "scripts_directory"]

import difflib
import os
import pathlib

from ..errors import CommandError
from ..exit_codes import ExitCode


def scripts_directory() -> pathlib.Path:
    """Return the directory of this package's scripts (`pathlib.Path`)."""
    return pathlib.Path(__file__).resolve().parents[2] / "data" / "scripts"


def calibration_script() -> pathlib.Path:
    """Return the path of the script that takes the images (`pathlib.Path`)."""
    return scripts_directory() / "auxtel" / "make_latiss_calibrations.py"


def list_scripts() -> list[str]:
    """List the scripts of this package as a queue does (`list` [`str`])."""
    root = scripts_directory()
    return sorted(
        str(path.relative_to(root)) for path in root.rglob("[!._]*") if _is_executable(path)
    )


def find_script(text: str) -> pathlib.Path:
    """Find a script.

    Parameters
    ----------
    text : `str`
        Path of a file, or the path that a queue shows, e.g. ``auxtel/enable_latiss.py``.

    Returns
    -------
    path : `pathlib.Path`
        Absolute path of an executable file.

    Raises
    ------
    CommandError
        If there is no such script, or it is not executable.
    """
    for path in (pathlib.Path(text), scripts_directory() / text):
        if path.is_file():
            if not _is_executable(path):
                raise CommandError(
                    f"{path} is not executable; a queue would not list it. Try chmod +x.",
                    ExitCode.NOT_FOUND,
                )
            return path.absolute()
    known = list_scripts()
    # People type bare names; the queue wants the path.
    same_name = [name for name in known if name.rpartition("/")[2] == pathlib.Path(text).name]
    close = same_name or difflib.get_close_matches(text, known, n=3)
    hint = f" Is {' or '.join(close)} meant?" if close else f" Known: {', '.join(known)}."
    raise CommandError(f"There is no script {text}.{hint}", ExitCode.NOT_FOUND)


def _is_executable(path: pathlib.Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
