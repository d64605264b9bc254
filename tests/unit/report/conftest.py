# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from report_journal import JournalMaker


@pytest.fixture
def journal() -> JournalMaker:
    return JournalMaker()
