"""A small Ray cluster that all tests of engines share, since starting one takes seconds."""

import os
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
import ray


@pytest.fixture(scope="package")
def ray_cluster() -> Iterator[str]:
    """Its address: two CPUs, and two GPUs in name only, in processes of their own.

    The engine finds this program connected, and leaves it so.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", folder)  # what Ray remembers of other clusters is no business of tests
        patch.setenv("RAY_AUTH_TOKEN", "of-the-tests")  # else Ray would write one to the user's home
        ray.init(
            address="local", num_cpus=2, num_gpus=2, log_to_driver=False, logging_level="CRITICAL", include_dashboard=False
        )  # fmt: skip
        patch.setattr("ray._private.worker._worker_logs_enabled", False)
        yield ray.get_runtime_context().gcs_address
        ray.shutdown()
    os.environ.pop("RAY_AUTH_MODE", None)  # Ray has set it
