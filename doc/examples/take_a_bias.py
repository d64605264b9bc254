#!/usr/bin/env python
# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take one bias with LATISS."""

import asyncio

import lsst.ts.salobj as salobj


class TakeABias(salobj.BaseScript):
    """Take one bias with LATISS."""

    def __init__(self, index: int) -> None:
        super().__init__(index, descr="Take one bias")
        self.camera = salobj.Remote(self.domain, "ATCamera", include=["summaryState"])

    @classmethod
    def get_schema(cls) -> None:
        """Have no configuration."""

    async def configure(self, config: object) -> None:
        """Do nothing: there is no configuration."""

    def set_metadata(self, metadata: salobj.type_hints.BaseDdsDataType) -> None:
        """Say how long it takes."""
        metadata.duration = 5.0

    async def run(self) -> None:
        """Take the bias."""
        await self.checkpoint("bias")
        await self.camera.cmd_takeImages.set_start(
            numImages=1, keyValueMap=f"imageType: BIAS, groupId: {self.group_id}", timeout=30.0
        )


asyncio.run(TakeABias.amain())
