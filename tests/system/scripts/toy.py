#!/usr/bin/env python
# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A SAL script that does what its configuration says, to try run_script on."""

import asyncio
import os
import signal
import sys

if "--schema" in sys.argv:
    print(  # noqa: T201 - the answer that a queue asks for
        """
type: object
additionalProperties: false
properties:
  steps: {type: integer, minimum: 0, default: 2}
  step_time: {type: number, default: 0.1}
  fail: {type: string, enum: ["", configure, run, crash, hang], default: ""}
"""
    )
    sys.exit(0)

import lsst.ts.salobj as salobj

from lsst.ts.dailycal.scripts.validator import Validator

SCHEMA = {
    "properties": {
        "steps": {"default": 2},
        "step_time": {"default": 0.1},
        "fail": {"default": ""},
    }
}


class Toy(salobj.BaseScript):
    def __init__(self, index):
        super().__init__(index=index, descr="toy")
        self.config_validator = Validator(SCHEMA)

    @classmethod
    def get_schema(cls):
        return SCHEMA

    async def configure(self, config):
        self.config = config
        if config.fail == "configure":
            raise ValueError("this cannot be done")

    def set_metadata(self, metadata):
        metadata.duration = self.config.steps * self.config.step_time
        metadata.totalCheckpoints = self.config.steps

    async def run(self):
        if self.config.fail == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.config.fail == "run":
            raise salobj.ExpectedError("no luck today")
        for number in range(1, self.config.steps + 1):
            await self.checkpoint(f"step {number}")
            self.log.info("Doing step %d", number)
            await asyncio.sleep(self.config.step_time)

    async def cleanup(self):
        if self.config.fail == "hang":
            await asyncio.sleep(1000)


asyncio.run(Toy.amain())
