"""Options: what the command line of pytest said; the plugin sets them, tests read them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

TraceForm: TypeAlias = Literal["text", "html", "off"]

TRACE_DIR: Final = ".mcws-traces"
"""Beside the caches of other tools, and as easily ignored."""


@dataclass
class Options:
    """What holds for one run of pytest.

    Attributes:
        replay: the choices to replay instead of searching; None to search.
        script: the script of a suite that is replayed with them; empty for what has none.
        universes: examples per test; None for what each test says.
        trace: how a failure shows what happened: as text, as a page, or not at all.
        trace_dir: the folder for pages.
        test: the id of the test that runs; empty outside of pytest.
    """

    replay: str | None = None
    script: str = ""
    universes: int | None = None
    trace: TraceForm = "text"
    trace_dir: str = TRACE_DIR
    test: str = ""

    def replay_line(self, token: str, script: str = "") -> str:
        """Return the command that runs the present test with these choices and this script."""
        test = f" {shlex.quote(self.test)}" if self.test else ""
        replay = shlex.quote(f"{token} {script}" if script else token)
        return f"pytest{test} --mcws-replay={replay}"


OPTIONS: Final = Options()
"""Those of this process."""
