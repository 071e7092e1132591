"""A small Ray cluster that all tests of engines share, since starting one takes seconds."""

import os
from collections.abc import Iterator

import pytest
import ray


@pytest.fixture(scope="package")
def ray_cluster() -> Iterator[None]:
    """Two CPUs, in processes of their own; the engine finds this program connected, and leaves it so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_TOKEN", "of-the-tests")  # else Ray would write one to the user's home
        ray.init(num_cpus=2, log_to_driver=False, logging_level="CRITICAL", include_dashboard=False)
        yield
        ray.shutdown()
    os.environ.pop("RAY_AUTH_MODE", None)  # Ray has set it
