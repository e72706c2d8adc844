"""Blocking: sockets in memory for code that waits in ``recv`` and ``send``."""

from __future__ import annotations

import errno
import socket
import struct
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from typing_extensions import TypeVar

from ._cable import CAPACITY, Cable
from ._pairs import Pair, Side
from ._plug import Plug, again, failure
from ._socket_calls import SocketCalls
from ._verdicts import SimDeadlock, SimEscape

PATIENCE_S: Final = 10.0
"""Seconds after which a call without a timeout is taken for one that will never end."""

NOTICE_S: Final = 0.25
"""Seconds in which a thread that has not used the cable yet may begin to, a pool's for instance."""

R = TypeVar("R")
Address = tuple[str, int]
Bystanders: TypeAlias = weakref.WeakSet[threading.Thread]
"""The threads that were there before the cable and have not used it."""


class CableSocket(SocketCalls):
    """One end of a cable, for code that is written for a TCP socket that blocks.

    It has results and errors of Linux. It has no file descriptor: ``fileno()`` is -1, and what
    needs one (``select``, ``ssl``, an event loop) refuses it; ``dup``, ``connect`` and other calls
    that make no sense for an end of a cable raise ``SimEscape``. Each end may be used by several
    threads. Where this thread is the only one, nobody else can ever send: a timeout passes at once
    then, and a call without one raises ``SimDeadlock`` instead of waiting for ever; among several
    threads it does so after ``patience_s`` seconds. Threads that were there before the cable and
    never used it count for a moment only.
    """

    def __init__(
        self, cable: Cable[Any], name: str, addresses: tuple[Address, Address], patience_s: float
    ) -> None:
        # Not that of the base class, which would open a socket of the system.
        self._io_refs = 0
        self._closed = False
        self._name = name
        self._line = cable.line
        self._plug: Plug = cable.plug(name)
        self._plug.changed = self._line.notify_all
        self._address, self._peer_address = addresses
        self._patience_s = patience_s
        self._bystanders: Bystanders = weakref.WeakSet(threading.enumerate())
        self._timeout: float | None = socket.getdefaulttimeout()
        # By this option programs learn what kind of socket they were given.
        kind = (socket.SOL_SOCKET, socket.SO_TYPE)
        self._options: dict[tuple[int, int], Any] = {kind: int(socket.SOCK_STREAM)}

    # Ending

    def shutdown(self, how: int, /) -> None:
        """End one direction, or both.

        Raises:
            OSError: (ENOTCONN) the connection is over, (EBADF) this end is closed, or (EINVAL)
                ``how`` is none of ``SHUT_RD``, ``SHUT_WR``, ``SHUT_RDWR``.
        """
        self._bystanders.discard(threading.current_thread())
        with self._line:
            self._check_open()
            if how not in {socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR}:
                raise failure(errno.EINVAL)
            if how != socket.SHUT_WR:
                self._plug.deafen()
            if how != socket.SHUT_RD:
                self._plug.end()

    def _real_close(self, *_: object) -> None:
        """Take no part any more; the base class calls it when the last file of it is closed."""
        linger = self._options.get((socket.SOL_SOCKET, socket.SO_LINGER), b"")
        with self._line:
            # This is how programs ask for a reset.
            self._plug.close(abruptly=linger == struct.pack("ii", 1, 0))
            self._line.notify_all()

    # What it is

    def fileno(self) -> int:
        """Return -1: there is no file descriptor."""
        return -1

    def getsockname(self) -> Address:
        """Return the address of this end; nobody is there."""
        self._check_open()
        return self._address

    def getpeername(self) -> Address:
        """Return the address of the other end; nobody is there."""
        self._check_open()
        if self._plug.is_over:
            raise failure(errno.ENOTCONN)
        return self._peer_address

    @property
    def family(self) -> socket.AddressFamily:
        """The family of a TCP socket."""
        return socket.AF_INET

    @property
    def type(self) -> socket.SocketKind:
        """The kind of a TCP socket."""
        return socket.SOCK_STREAM

    @property
    def proto(self) -> int:
        """The number of TCP."""
        return socket.IPPROTO_TCP

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<CableSocket {self._name} {state}>"

    # Settings

    def settimeout(self, value: float | None, /) -> None:
        """Have calls wait so many seconds; for ever with None, not at all with 0.

        Raises:
            ValueError: ``value`` is negative.
            OSError: (EBADF) this end is closed.
        """
        if value is not None and value < 0:
            raise ValueError("Timeout value out of range")
        # Kept by a closed socket too, as the real one does before it looks at its descriptor.
        self._timeout = value
        self._check_open()

    def gettimeout(self) -> float | None:
        """Return for how many seconds calls wait."""
        return self._timeout

    @property
    def timeout(self) -> float | None:
        """For how many seconds calls wait."""
        return self._timeout

    def setblocking(self, flag: bool, /) -> None:
        """Have calls wait for ever, or not at all."""
        self.settimeout(None if flag else 0.0)

    def getblocking(self) -> bool:
        """Whether calls wait."""
        return self._timeout != 0

    def setsockopt(self, level: int, optname: int, value: Any, optlen: Any = None, /) -> None:
        """Keep an option; only ``SO_LINGER`` with on and 0 s has an effect: a reset at the end."""
        self._check_open()
        self._options[level, optname] = value

    def getsockopt(self, level: int, optname: int, buflen: int = 0, /) -> Any:
        """Return an option as it was set; 0, or that many bytes of it, where it was not."""
        self._check_open()
        return self._options.get((level, optname), bytes(buflen) if buflen else 0)

    # Details

    def _receive(self, call: str, size: int, flags: int) -> bytes:
        _check_flags(call, flags)
        return self._wait(call, lambda: self._plug.receive(size))

    def _send(self, call: str, data: memoryview, flags: int, since_s: float | None = None) -> int:
        _check_flags(call, flags)
        # Patience begins again with each piece that gets through, the timeout does not.
        began_s = None if self._timeout is None else since_s
        return self._wait(call, lambda: self._plug.send(data), began_s)

    def _wait(self, call: str, attempt: Callable[[], R], began_s: float | None = None) -> R:
        """Return what ``attempt`` returns, as soon as it need not wait.

        The waiting began at ``began_s`` of the monotonic clock, or begins now.
        """
        if began_s is None:
            began_s = time.monotonic()
        self._bystanders.discard(threading.current_thread())
        with self._line:
            while True:
                self._check_open()
                try:
                    return attempt()
                except BlockingIOError:
                    if self._timeout == 0:
                        raise again() from None
                self._sleep(call, time.monotonic() - began_s)

    def _sleep(self, call: str, waited_s: float) -> None:
        """Wait until something has changed.

        Raises:
            TimeoutError: the time is over.
            SimDeadlock: it would be for ever.
        """
        rest_s = self._patience_s_now() - waited_s
        if rest_s > 0:
            self._line.wait(rest_s)
        elif self._timeout is not None:
            raise TimeoutError("timed out")
        else:
            why = "no other thread runs anything on this cable"
            raise SimDeadlock(waited_s, [f"{self._name}.{call}() waits, and {why}"])

    def _patience_s_now(self) -> float:
        """Return for how many seconds a call may wait, as long as no other threads come."""
        others = set(threading.enumerate()) - {threading.current_thread()}
        if not others:
            return 0.0
        patience_s = self._patience_s if self._timeout is None else self._timeout
        return min(patience_s, NOTICE_S) if others <= set(self._bystanders) else patience_s

    def _check_open(self) -> None:
        if self._closed and self._io_refs <= 0:
            raise failure(errno.EBADF)


def socket_pair(
    *, capacity: int = CAPACITY, patience_s: float = PATIENCE_S
) -> Pair[CableSocket, CableSocket, Side]:
    """Return two sockets that block, joined by a cable.

    The cable calls them ``"a"`` and ``"b"``. It holds ``capacity`` bytes in each direction. A call
    that has no timeout and waits for more than ``patience_s`` seconds raises ``SimDeadlock``, so
    that no test hangs.
    """
    cable: Cable[Side] = Cable("a", "b", capacity=capacity)
    here, there = ("192.0.2.1", 50001), ("192.0.2.2", 50002)
    first = CableSocket(cable, "a", (here, there), patience_s)
    second = CableSocket(cable, "b", (there, here), patience_s)
    # Of both: who used one end may do something at the other.
    second._bystanders = first._bystanders
    return Pair(first, second, cable)


def _check_flags(call: str, flags: int) -> None:
    """Check the flags of a call.

    Raises:
        SimEscape: one of them changes what the call does.
    """
    if flags & ~socket.MSG_NOSIGNAL:
        raise SimEscape(f"{call} with flags {flags:#x}")
