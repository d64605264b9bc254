# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from contract_faces import FACES
from sal_face import PostgresFace, SalFace

ALL = (*FACES, pytest.param(SalFace(), marks=pytest.mark.system))
# What differs there is the repository.
ON_POSTGRESQL = pytest.param(PostgresFace(), marks=pytest.mark.system)

# On the SAL face a job is a real `pipetask` and a deadline is real time: minutes for all of them.
# `make test` runs these, `make test-slow` the rest.
QUICK = (
    "job_result_before_ack",
    "job_refused",
    "three_frames_are_too_few",
    "kept_for_its_owner",
    "takes_nothing_from_another",
)
SLOW_ON_SAL = ("test_pipelines_contract", "test_components_contract")
QUICK_ON_POSTGRESQL = ("nothing_is_certified_twice", "the_output_of_a_job")


def pytest_generate_tests(metafunc):
    if "face" in metafunc.fixturenames:
        of_repository = metafunc.module.__name__ == "test_repository_contract"
        faces = (*ALL, ON_POSTGRESQL) if of_repository else ALL
        metafunc.parametrize("face", faces, indirect=True, ids=lambda face: face.name)


@pytest.fixture
def face(request):
    if isinstance(request.param, PostgresFace):
        request.param.use(request.getfixturevalue("postgres_repository"))
    elif isinstance(request.param, SalFace):
        request.param.template = request.getfixturevalue("small_repository")
    return request.param


def pytest_collection_modifyitems(items):
    for item in items:
        on_sal = item.get_closest_marker("system") is not None
        module = item.path.stem
        if on_sal and module in SLOW_ON_SAL and not any(part in item.name for part in QUICK):
            item.add_marker(pytest.mark.slow)
        if "postgresql" in item.name and not any(part in item.name for part in QUICK_ON_POSTGRESQL):
            item.add_marker(pytest.mark.slow)
