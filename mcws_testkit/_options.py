"""Options: what the command line of pytest said; the plugin sets them, tests read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass
class Options:
    """What holds for one run of pytest.

    Attributes:
        replay: the choices to replay instead of searching; None to search.
    """

    replay: str | None = None


OPTIONS: Final = Options()
"""Those of this process."""
