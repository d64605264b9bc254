# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Join an observatory, or start a simulated one, for as long as a command needs it."""

__all__ = [
    "START_TIMEOUT",
    "claim_place",
    "component_groups",
    "enable_queue",
    "new_run_id",
    "prepare_place",
    "session",
]

import contextlib
import datetime
import os
import typing
from collections.abc import AsyncIterator, Callable, Iterable

from ...extras import require
from ...model import ComponentName
from ...page import PageStep
from ..errors import CommandError
from ..exit_codes import ExitCode
from ..journal_directory import write_journals_to
from ..simulate.options import MARKER
from .options import Place

if typing.TYPE_CHECKING:
    from ...page import PagePorts

Tell = Callable[[str], None]
START_TIMEOUT = 180.0
"""How long the components may take to start, in seconds: this machine may be busy."""


def claim_place(place: Place) -> None:
    """Make sure that a simulated observatory may be started where it is wanted.

    Raises
    ------
    CommandError
        If the directory holds something that is not ours.
    MissingExtraError
        If something is not installed that the observatory needs.
    """
    if place.own is None:
        require("sal")
        return
    require("sal", "pipelines")
    from ..simulate.directory import is_ours

    root = place.own.root
    if root.is_dir() and any(root.iterdir()) and not is_ours(root):
        raise CommandError(
            f"{root} holds something that is not ours, and stays as it is.",
            ExitCode.USAGE,
            "Choose another --directory.",
        )
    root.mkdir(parents=True, exist_ok=True)
    if not is_ours(root):
        # From now on the directory can be told to be ours, whatever happens next.
        place.own.save(root / MARKER)
    write_journals_to(root / "journal")


def prepare_place(place: Place, tell: Tell) -> None:
    """Make the repository of a simulated observatory that is to be started. Blocks.

    Parameters
    ----------
    place : `Place`
        The observatory.
    tell : `~collections.abc.Callable`
        Is told what is being done.
    """
    config = place.own
    if config is None:
        return
    from ..simulate.database import refuse_other_database, require_database
    from ..simulate.directory import claim_directory, refuse_other_frames
    from ..simulate.reference import prepare_repository

    claim_directory(config.root, keep=True, yes=False)
    refuse_other_frames(config)
    require_database(config)
    refuse_other_database(config)
    if not (config.repository / "butler.yaml").exists():
        prepare_repository(config, tell)


@contextlib.asynccontextmanager
async def session(
    place: Place, steps: Iterable[PageStep], write: Tell, tell: Tell
) -> AsyncIterator["PagePorts"]:
    """Give the ports of an observatory.

    Parameters
    ----------
    place : `Place`
        The observatory.
    steps : `~collections.abc.Iterable` [`PageStep`]
        The steps that will be carried out.
    write : `~collections.abc.Callable`
        Prints announcements.
    tell : `~collections.abc.Callable`
        Is told what is being done.
    """
    from ...announce.choose import make_announcer

    async with contextlib.AsyncExitStack() as stack:
        if place.own is not None:
            await stack.enter_async_context(_observatory(place, tell))
        # Only now: they take their environment when they are imported or made.
        from ...butler.port import ButlerRepository
        from ...sal.domain import open_domain
        from ...sal.page import SalPage

        domain = await stack.enter_async_context(open_domain())
        if place.own is not None:
            await enable_queue(domain, place.queue)
        page = SalPage(domain, steps, place.queue)
        await page.start()
        announcer = make_announcer(os.environ, write, simulated=place.simulated)
        yield page.ports(announcer, ButlerRepository)


def component_groups(queue: int = 2) -> tuple[tuple[str, ...], ...]:
    """Return all components that the page needs, by the process that they share.

    Those that do little share one: each process costs seconds to start.
    """
    from ...sim.programs import ATCS

    return (
        ("ATCamera",),
        ("ATSpectrograph", "ATHeaderService"),
        ("ATOODS",),
        ("OCPS:1",),
        (*ATCS, "Scheduler:2", "Watcher"),
        (f"ScriptQueue:{queue}",),
    )


@contextlib.asynccontextmanager
async def _observatory(place: Place, tell: Tell) -> AsyncIterator[None]:
    """Run a simulated observatory with everything that the page needs."""
    from ...sim.supervisor import ObservatoryOptions, SimulatedObservatory

    assert place.own is not None  # noqa: S101 - called for such a place only
    tell("Starting the components of the simulated observatory")
    state = "enabled" if place.enabled else "rest"
    options = ObservatoryOptions(
        place.own,
        groups=component_groups(place.queue),
        state=state,
        start_timeout=START_TIMEOUT,
        on_wait=lambda names: tell(f"Waiting for {', '.join(names)}"),
    )
    async with SimulatedObservatory(options) as observatory:
        os.environ.update(observatory.environment)
        yield


async def enable_queue(domain: typing.Any, index: int = 2) -> None:
    """Enable the queue of an observatory that has just been started: a real one always is."""
    from ...sal.group.components import SalGroup, Target
    from ...sal.group.paths import SummaryState

    name = ComponentName("ScriptQueue", index)
    group = SalGroup(domain, [name])
    await group.start()
    await group.drive({name: Target(SummaryState.ENABLED)})
    await group.close()


def new_run_id() -> str:
    """Name a run of the page by the time it begins (`str`)."""
    return f"page-{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
