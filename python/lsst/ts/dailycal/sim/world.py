# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated world: one seed, one clock, one detector, one schedule of faults.

Every process of a simulated observatory makes its own `World` from the same settings, and all
of them agree: frames follow from the seed and the exposure, conditions from the seed and the
time, names from a file.
"""

__all__ = ["World"]

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..model import ImageName, ImageType
from . import clock as clock_module
from .clock import SimulatedClock, day_obs, iso_from_tai
from .conditions import ConditionReadings, ConditionsModel
from .config import SimulationConfig
from .detector import Frame, FrameRequest, SimulatedDetector
from .exposures import DARK_OVERHEAD, DataAcquisition, SimulatedExposure
from .faults.fault import Fault
from .faults.log import FAULT_LOG, FaultLog
from .faults.schedule import FaultSchedule
from .frame_effects import FRAME_POINT, FrameEffect
from .headers import HeaderCard, HeaderContext, make_header
from .names import ImageNameService
from .raw import raw_path, write_raw

_REFERENCE_AGE = 7 * 86400.0  # seconds before the start
_CHANGED_CONDITION = {
    "ccd_warm": ("ccd", "temperature"),
    "vacuum_poor": ("vacuum", "pressure"),
    "board_cold": ("board", "temperature"),
}


class World:
    """Everything that the components of the observatory share.

    Parameters
    ----------
    config : `SimulationConfig`
        The settings. If they are not those of a started observatory, the time starts now.
    real : `~collections.abc.Callable`
        The clock behind the simulated one. With another than the machine's, the time starts
        now, at ``config.start_tai`` or at the machine's TAI.
    in_memory : `bool`
        Is nothing to be written to files?

    Attributes
    ----------
    config : `SimulationConfig`
        The settings.
    clock : `SimulatedClock`
        The time.
    names : `ImageNameService`
        Gives names to images.
    detector : `SimulatedDetector`
        Makes frames.
    faults : `FaultSchedule`
        Says what goes wrong.
    acquisition : `DataAcquisition`
        Hands exposures from the camera to whoever writes the files.
    """

    def __init__(
        self,
        config: SimulationConfig,
        real: Callable[[], float] = clock_module.monotonic,
        *,
        in_memory: bool = False,
    ) -> None:
        if real is clock_module.monotonic:
            config = config.started()
            start, started_at = config.start_tai, config.started_at
        else:
            start, started_at = config.start_tai, real()
        self._start = clock_module.current_tai() if start is None else start
        self.config = config
        self.clock = SimulatedClock(
            self._start, started_at or 0.0, config.time_scale, real, self._clock_step
        )
        self.names = ImageNameService(None if in_memory else config.raw_directory / ".numbers")
        self.acquisition = DataAcquisition(config.raw_directory / ".exposures")
        self.detector = SimulatedDetector(
            config.seed, config.geometry, config.dark_current, config.cosmic_ray_rate
        )
        self.faults = FaultSchedule(
            [Fault.parse(text) for text in config.faults],
            config.seed,
            self.elapsed,
            note=FaultLog(config.root / FAULT_LOG).note if not in_memory else lambda _: None,
        )
        self._conditions = ConditionsModel(config.conditions, config.seed)

    def elapsed(self) -> float:
        """Tell the simulated seconds since the start (`float`)."""
        return self.clock.elapsed()

    def conditions(self, tai: float | None = None) -> ConditionReadings:
        """Read the instruments.

        Parameters
        ----------
        tai : `float`, optional
            When, in Unix seconds of TAI; by default now.
        """
        changes = {}
        for fault in self.faults.lasting("conditions"):
            quantity, parameter = _CHANGED_CONDITION[fault.name]
            changes[quantity] = fault.number(parameter)
        return self._conditions.read(self.clock.tai() if tai is None else tai, **changes)

    def frame_effects(self, **context: object) -> tuple[FrameEffect, ...]:
        """Ask what is wrong with the pixels of the frame that is being taken.

        Parameters
        ----------
        **context
            What the frame is: its image type and its name.
        """
        return tuple(
            FrameEffect(fault.name, fault.values, number)
            for fault, number in self.faults.hits(FRAME_POINT, **context)
        )

    def request(self, exposure: SimulatedExposure) -> FrameRequest:
        """Tell what the detector is asked for by an exposure."""
        return FrameRequest(
            name=exposure.name,
            exposure_time=exposure.exposure_time,
            dark_time=exposure.dark_time,
            light=exposure.light,
            effects=exposure.effects,
            sequencer_change=self._sequencer_change(exposure.name.day_obs),
        )

    def read(self, exposure: SimulatedExposure) -> Frame:
        """Make the pixels of an exposure. Blocks for 0.3 s at full size: use a thread."""
        return self.detector.read(self.request(exposure))

    def header(
        self, exposure: SimulatedExposure, filter_name: str = "empty_1", grating: str = "empty_1"
    ) -> Sequence[HeaderCard]:
        """Make the primary header of an exposure."""
        context = HeaderContext(
            conditions=self.conditions(exposure.begin_tai),
            filter_name=filter_name,
            grating=grating,
            sequencer_version=2 if self._sequencer_change(exposure.name.day_obs) else 1,
        )
        return make_header(exposure.in_header(), context)

    def write(
        self,
        exposure: SimulatedExposure,
        header: Sequence[HeaderCard] | None = None,
        damage: Fault | None = None,
    ) -> Path:
        """Write the raw file of an exposure. Blocks for 0.5 s at full size: use a thread.

        Returns
        -------
        path : `~pathlib.Path`
            The file.
        """
        options = self.config.raw_files
        path = raw_path(self.config.raw_directory, exposure.name, options)
        write_raw(path, self.read(exposure), header or self.header(exposure), damage, options)
        return path

    def reference_exposures(
        self, biases: int = 20, dark_times: Sequence[float] = (30.0,) * 20
    ) -> Iterator[SimulatedExposure]:
        """List exposures of an earlier day, of which reference calibrations are made.

        Parameters
        ----------
        biases : `int`
            How many biases.
        dark_times : `~collections.abc.Sequence` [`float`]
            Exposure time of each dark, in seconds.
        """
        tai = self._start - _REFERENCE_AGE
        group = iso_from_tai(tai)
        day = day_obs(tai)
        planned = [(ImageType.BIAS, 0.0)] * biases + [(ImageType.DARK, t) for t in dark_times]
        for number, (image_type, seconds) in enumerate(planned, start=1):
            yield SimulatedExposure(
                name=ImageName(day_obs=day, seq_num=number),
                image_type=image_type,
                exposure_time=seconds,
                begin_tai=tai,
                end_tai=tai + seconds + DARK_OVERHEAD,
                group_id=group,
                reason="reference",
            )
            tai += seconds + 2.5

    def _clock_step(self) -> float:
        return sum(fault.number("seconds") for fault in self.faults.lasting("clock"))

    def _sequencer_change(self, observing_day: int) -> float:
        for fault in self.faults.lasting("detector.sequencer"):
            first = int(fault.number("day_obs")) or day_obs(self._start)
            if observing_day >= first:
                return fault.number("strength")
        return 0.0
