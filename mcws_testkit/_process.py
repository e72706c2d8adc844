"""Process: what runs on a simulated host, until the host is killed or crashes."""

from __future__ import annotations

from contextvars import ContextVar


class Process:
    """All tasks and callbacks that were started on a host since it was last up.

    Attributes:
        host: the name of the host.
        is_alive: whether its callbacks still run.
    """

    __slots__ = ("host", "is_alive")

    def __init__(self, host: str) -> None:
        self.host: str = host
        self.is_alive: bool = True


current_process: ContextVar[Process | None] = ContextVar("mcws_testkit_process", default=None)
"""Where the code that runs now belongs to; inherited by its tasks and callbacks."""
