"""Runner: a loop of its own for a server, and what signals do to it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final, Protocol

# What Ctrl-C and service managers send; both ask for a polite end (FAULTS 23).
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

# Seconds that a second signal leaves for closing; handlers that still run then are cancelled.
HURRY_S: Final = 1.0


class Stoppable(Protocol):
    """What the runner needs of a server."""

    async def drain(self) -> None:
        """Stop politely."""
        ...

    def close(self) -> Awaitable[None]:
        """Stop now."""
        ...

    async def serve_forever(self) -> None:
        """Wait until the server is closed."""
        ...


def run_server(
    listen: Callable[[], Awaitable[None]],
    server: Stoppable,
    main: Callable[[], Awaitable[object]] | None,
) -> None:
    """Listen, serve until a signal or the end of ``main``, drain; on a new loop.

    Raises:
        RuntimeError: a loop runs in this thread already.
    """
    # Asked first, since the error of asyncio would not say what to call instead.
    if is_loop_running():
        raise RuntimeError("a loop runs in this thread; use listen() and serve_forever() on it")
    with asyncio.Runner(loop_factory=fastest_loop()) as runner:
        runner.run(serve(listen, server, main))


def is_loop_running() -> bool:
    """Whether this thread runs a loop already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def serve(
    listen: Callable[[], Awaitable[None]],
    server: Stoppable,
    main: Callable[[], Awaitable[object]] | None,
) -> None:
    """Listen, serve until a signal or the end of ``main``, drain."""
    stop = asyncio.Event()
    hurry = asyncio.Event()

    def signalled() -> None:
        """Stop at the first signal, hurry at any later one."""
        (hurry if stop.is_set() else stop).set()

    ends: set[asyncio.Future[Any]] = set()
    work: asyncio.Future[None] | None = None
    # Around the drain too: a second signal has to get through to `hurry`.
    with handled_signals(signalled):
        try:
            await listen()
            ends.add(asyncio.ensure_future(stop.wait()))
            # The application may close the server itself, in a handler for instance.
            ends.add(asyncio.ensure_future(server.serve_forever()))
            if main is not None:
                work = asyncio.ensure_future(call(main))
                ends.add(work)
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # The end of `main` counts as the first signal: one during the drain hurries it.
            stop.set()
            await stop_server(server, hurry)
            # Behind the drain, so that `main` may go on while clients finish.
            await cancel_all(ends)
    # What `main` raised is for the caller; that it was cancelled just now is no news.
    if work is not None and not work.cancelled():
        work.result()


async def call(main: Callable[[], Awaitable[object]]) -> None:
    """Call and await ``main``."""
    await main()


async def stop_server(server: Stoppable, hurry: asyncio.Event) -> None:
    """Drain; a second signal closes at once."""
    drain = asyncio.ensure_future(server.drain())
    hurried = asyncio.ensure_future(hurry.wait())
    await asyncio.wait({drain, hurried}, return_when=asyncio.FIRST_COMPLETED)
    if not drain.done():
        # A cancelled drain leaves the server draining; `close` is what ends it.
        drain.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HURRY_S):
                await server.close()
    await cancel_all({drain, hurried})


async def cancel_all(tasks: set[asyncio.Future[Any]]) -> None:
    """Cancel what still runs and wait for its end."""
    for task in tasks:
        task.cancel()
    # Collected, or asyncio would complain of errors that nobody looked at.
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def handled_signals(callback: Callable[[], None]) -> Generator[None]:
    """Have SIGINT and SIGTERM call ``callback`` on the loop, as long as the block runs."""
    loop = asyncio.get_running_loop()
    handled: list[signal.Signals] = []
    try:
        for number in SIGNALS:
            # Not on Windows, and not in another thread than the main one.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, callback)
                handled.append(number)
        yield
    finally:
        # The process may go on after `run`, and Ctrl-C has to work there again.
        for number in handled:
            loop.remove_signal_handler(number)


def fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the fastest loop that is installed; None for asyncio's own."""
    if sys.platform == "win32":
        # There is no uvloop for Windows.
        return None
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return uvloop.new_event_loop
