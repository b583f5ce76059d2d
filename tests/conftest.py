"""What the tests share: real data where they are, and how Hypothesis searches."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests import samples

gc.set_threshold(100_000, 50, 1000)  # among so many objects, looking often costs a seventh of all

# Times vary with the machine; what Hypothesis looks at must not.
settings.register_profile("divide-index", deadline=None, max_examples=50)
settings.register_profile("few", deadline=None, max_examples=5)  # with other libraries, in .ci/run
settings.load_profile(os.environ.get("DIVIDE_INDEX_HYPOTHESIS", "divide-index"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared survey files; without it a test is skipped, and says so."""
    folder = samples.shared_folder()
    if folder is None:
        pytest.skip("real data: neither $DIVIDE_INDEX_SHARED nor ../shared is a folder")
    return folder
