# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The validator that salobj's BaseScript calls, reporting all problems at once."""

__all__ = ["Validator"]

import typing
from collections.abc import Callable, Mapping

from ..calibration.validate import validate_configuration
from ..model import ConfigurationError


class Validator:
    """Stands where salobj puts its own validator, which stops at the first problem.

    Parameters
    ----------
    schema : `~collections.abc.Mapping`
        JSON schema of the configuration.
    tell : `~collections.abc.Callable`, optional
        Is told what is wrong. The acknowledgement of ``configure`` has room for 256 characters,
        and salobj writes the configuration there first.
    """

    def __init__(
        self, schema: Mapping[str, typing.Any], tell: Callable[[str], None] | None = None
    ) -> None:
        self.final_validator = None
        self._schema = schema
        self._tell = tell

    def validate(self, data_dict: object) -> dict[str, typing.Any]:
        """Check a configuration, and fill in the defaults.

        Parameters
        ----------
        data_dict : `object`
            What the YAML text holds.

        Raises
        ------
        ConfigurationError
            If anything is wrong; it lists all problems.
        """
        try:
            return validate_configuration(self._schema, data_dict)
        except ConfigurationError as error:
            if self._tell is not None:
                self._tell(str(error))
            raise
