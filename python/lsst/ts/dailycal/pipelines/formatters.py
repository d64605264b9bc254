# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy does not follow the Data Management packages: their classes are Any to it.
# mypy: disable-error-code="misc, call-arg"
"""How a Butler reads and writes our datasets.

The paths of these classes are stored in every repository: they must never be renamed.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsst.daf.butler import FormatterV2

from .fits_image import read_image, write_image
from .image import CalibImage
from .raw.frame import RawFrame, open_raw

if TYPE_CHECKING:
    from lsst.resources import ResourcePath


@functools.lru_cache(maxsize=2)
def _read_once(path: str, changed: int, inode: int) -> CalibImage:
    image = read_image(path)
    # It is shared from here on.
    image.pixels.flags.writeable = False
    image.mask.flags.writeable = False
    if image.variance is not None:
        image.variance.flags.writeable = False
    return image


class RawFormatter(FormatterV2):
    """Raw frames, which are read only; pixels stay in the file until they are needed."""

    can_read_from_local_file = True
    default_extension = ".fits"
    supported_extensions = frozenset({".fits", ".fits.fz", ".fits.gz", ".fz"})

    def read_from_local_file(
        self,
        path: str,
        component: str | None = None,
        expected_size: int = -1,
    ) -> RawFrame:
        """Open the file."""
        return open_raw(path)


class CalibImageFormatter(FormatterV2):
    """Corrected exposures and combined calibrations."""

    can_read_from_local_file = True
    default_extension = ".fits"

    def can_accept(self, in_memory_dataset: Any) -> bool:
        """Say whether this can be written as it is."""
        return isinstance(in_memory_dataset, CalibImage)

    def read_from_local_file(
        self,
        path: str,
        component: str | None = None,
        expected_size: int = -1,
    ) -> CalibImage:
        """Read the file, unless it was one of the last two that were read.

        A verification job reads the same bias and dark for each of its exposures.
        """
        status = Path(path).stat()
        return _read_once(path, status.st_mtime_ns, status.st_ino)

    def write_local_file(self, in_memory_dataset: CalibImage, uri: ResourcePath) -> None:
        """Write the file."""
        write_image(Path(uri.ospath), in_memory_dataset)


class BinnedFormatter(FormatterV2):
    """Small images for a quick look: plain arrays as primary FITS images."""

    can_read_from_local_file = True
    default_extension = ".fits"

    def read_from_local_file(
        self,
        path: str,
        component: str | None = None,
        expected_size: int = -1,
    ) -> Any:
        """Read the array."""
        import numpy as np
        from astropy.io import fits

        return fits.getdata(path).astype(np.float32)

    def write_local_file(self, in_memory_dataset: Any, uri: ResourcePath) -> None:
        """Write the array."""
        from astropy.io import fits

        fits.PrimaryHDU(in_memory_dataset).writeto(uri.ospath, overwrite=True)
