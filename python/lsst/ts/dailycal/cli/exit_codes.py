# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the exit codes of our commands mean."""

__all__ = ["EXIT_CODES_HELP", "ExitCode"]

import enum


class ExitCode(enum.IntEnum):
    """Exit codes of our own; a command that runs a script passes the script's code on.

    Those of scripts are small (0, 1, 2), so ours begin where sysexits.h does.
    """

    OK = 0
    """Done. A script that ended DONE, or was stopped and ended STOPPED, gives it as well."""
    FAILED = 1
    """A script ended FAILED or could not be configured; a check refused; `dailycal reduce` or
    `dailycal judge` rejected a calibration."""
    USAGE = 64
    """The command line is wrong."""
    CONFIGURATION = 65
    """The configuration is wrong; nothing was started."""
    NOT_FOUND = 66
    """A script, a run, a repository or a file is not there."""
    UNAVAILABLE = 69
    """Something that must answer does not: the script's process, a component."""
    INTERNAL = 70
    """A defect of this program."""
    NOT_INSTALLED = 72
    """An extra is not installed that this needs: `sal`, `pipelines`."""
    BUSY = 73
    """Another run of the page is under way, an observatory runs in the directory, or a port is
    taken."""
    IO = 74
    """A file or directory cannot be read or written."""
    NO_TIME = 75
    """The page does not fit into the time that there is; it was skipped."""
    REJECTED = 79
    """All was carried out, and verification rejected what was taken."""
    INTERRUPTED = 130
    """Ctrl-C before there was anything to stop."""


EXIT_CODES_HELP = """\
Exit codes: 0 done, or a script that ended DONE or STOPPED; 1 a script that FAILED or could not
be configured, or a calibration that `reduce` or `judge` rejected; 2 a script that ended in any
other way; 64 wrong usage; 65 wrong configuration, nothing was started; 66 not found; 69 no answer;
70 a defect of this program; 72 something is not installed; 73 another run is under way; 74 a file
cannot be read or written; 75 skipped for lack of time; 79 verification
rejected what was taken; 130 interrupted; 128 + n: the script was
ended by signal n."""
