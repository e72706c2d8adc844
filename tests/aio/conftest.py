"""Every test of this folder runs in the simulation: in virtual time, without a socket."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mcws_testkit import SimLoop
from tests.aio.harness import MakeLab, make_lab


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, type]:
    """Make simulated loops."""
    return {"simulated": SimLoop}


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> MakeLab:
    """Return what makes a server with clients on cables."""
    return make_lab(monkeypatch)
