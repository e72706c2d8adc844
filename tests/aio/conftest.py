"""Every test of this folder runs in virtual time."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.aio.harness import MakeLab, make_lab
from tests.aio.virtual import VirtualLoop


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, type]:
    """Make virtual loops."""
    return {"virtual": VirtualLoop}


@pytest.fixture
def lab() -> MakeLab:
    """Return what makes a server with clients on cables."""
    return make_lab
