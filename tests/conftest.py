"""What the tests share: real data where they are, and how Hypothesis searches."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests import samples

gc.set_threshold(100_000, 50, 1000)  # among so many objects, looking often costs a seventh of all

# Times vary with the machine; what Hypothesis looks at must not.
# A pull request must not fail by the luck of the draw: .ci/run draws the same samples each time,
# a run by hand others, and more of them.
SAME = "CI" in os.environ
settings.register_profile(
    "divide-index", deadline=None, max_examples=30 if SAME else 50, derandomize=SAME
)
settings.register_profile("few", deadline=None, max_examples=5, derandomize=SAME)  # in .ci/run
settings.register_profile("many", deadline=None, max_examples=1000)  # before a release
settings.load_profile(os.environ.get("DIVIDE_INDEX_HYPOTHESIS", "divide-index"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared survey files; without it a test is skipped, and says so."""
    folder = samples.shared_folder()
    if folder is None:
        pytest.skip("real data: neither $DIVIDE_INDEX_SHARED nor ../shared is a folder")
    return folder
