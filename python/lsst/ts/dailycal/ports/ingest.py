# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service that puts images into the Butler (OODS), as the engine needs it."""

__all__ = ["Ingest"]

import typing

from ..model import ImageName


class Ingest(typing.Protocol):
    """Tells when an image is in the Butler."""

    async def wait(self, name: ImageName, timeout: float) -> None:
        """Wait until every detector of an image is in the Butler.

        Reports that came before the call count. Reports on other images never do.

        Raises
        ------
        IngestError
            If ingestion failed, or nothing came within ``timeout`` seconds.
        """
        ...
