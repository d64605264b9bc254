# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was heard of an exposure before its command is not about it."""

import types

import pytest

from lsst.ts import salobj
from lsst.ts.dailycal.model import (
    CameraError,
    ExposureTimeouts,
    ImageName,
    ImageTags,
    ImageType,
    PlannedExposure,
)
from lsst.ts.dailycal.sal.camera.port import SalCamera
from lsst.ts.dailycal.sal.topics import TopicReader

GROUP = "2026-11-23T12:00:00.000#1"


class Topic:
    """An event, as far as the port knows it."""

    def __init__(self):
        self.callback = None

    @property
    def has_callback(self):
        return self.callback is not None


class RefusedCommand:
    """A command that is refused at once."""

    async def set_start(self, **_):
        ackcmd = types.SimpleNamespace(result="not now", ack=salobj.SalRetCode.CMD_FAILED, error=0)
        raise salobj.AckError("refused", ackcmd)


async def test_an_event_of_before_does_not_satisfy_an_exposure():
    events = {f"evt_{name}": Topic() for name in SalCamera.TOPICS}
    remote = types.SimpleNamespace(**events, cmd_takeImages=RefusedCommand())
    watch = types.SimpleNamespace(
        board=TopicReader(), is_enabled=True, remark="", describe=lambda: "ATCamera ENABLED"
    )
    camera = SalCamera(remote, watch, spectrograph=None)
    name = str(ImageName(day_obs=20261122, seq_num=7))
    await remote.evt_endReadout.callback(
        types.SimpleNamespace(
            imageName=name,
            additionalKeys="imageType:groupId",
            additionalValues="BIAS:" + GROUP.replace(":", r"\:"),
        )
    )
    planned = PlannedExposure(ImageType.BIAS, 0.0, 1, 1, False)
    times = ExposureTimeouts(exposure=5.0, late_event=1.0)
    with pytest.raises(CameraError, match="not now"):
        await camera.take(planned, ImageTags(GROUP), times)
