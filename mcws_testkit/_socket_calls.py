"""SocketCalls: all that a socket can be asked, in terms of receiving and sending.

What needs more than a connection between two ends raises ``SimEscape``, which names the call, or
that the end is closed.
"""

from __future__ import annotations

import errno
import operator
import socket
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ._buffers import all_writable, writable
from ._verdicts import SimEscape

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

CONNECTED: Final = "the ends of a pair are connected from the start"
"""Why what makes connections is refused."""
NO_DESCRIPTOR: Final = "there is no file descriptor"
"""Why what needs one is refused."""


class SocketCalls(socket.socket):
    """The calls of a socket, made of the few that a subclass has."""

    def _check_open(self) -> None:
        """Check that this end is not closed.

        Raises:
            OSError: (EBADF) it is.
        """
        raise NotImplementedError

    def _receive(self, call: str, size: int, flags: int) -> bytes:
        """Return up to ``size`` bytes for ``call``, as soon as there are any, also for 0 bytes."""
        raise NotImplementedError

    def _send(self, call: str, data: memoryview, flags: int, since_s: float | None = None) -> int:
        """Send for ``call`` at least one byte of ``data``; return how many it were.

        A timeout counts from ``since_s`` of the monotonic clock; from now where that is None.
        """
        raise NotImplementedError

    # Receiving

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Return up to ``bufsize`` bytes as soon as there are any; none at the end of the stream.

        Raises:
            ValueError: ``bufsize`` is negative.
            TimeoutError: nothing came in time.
            BlockingIOError: nothing has come, and this end does not block.
            ConnectionResetError: the connection was lost.
            OSError: (EBADF) this end is closed.
            SimDeadlock: nothing can ever come.
        """
        _check_size(bufsize, "negative buffersize in recv")
        return self._receive("recv", bufsize, flags) if bufsize else b""

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        """Receive into a buffer, at most ``nbytes`` bytes if that is not 0; else as ``recv``.

        Raises:
            TypeError: it is read-only, or has gaps; nothing is received then.
        """
        view = _view("recv_into", buffer, nbytes)
        return self._receive_into("recv_into", view, flags) if view else 0

    def recvfrom(self, bufsize: int, flags: int = 0, /) -> tuple[bytes, None]:
        """Receive as ``recv`` does; of TCP nobody says from where."""
        _check_size(bufsize, "negative buffersize in recvfrom")
        return self._receive("recvfrom", bufsize, flags), None

    def recvfrom_into(
        self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0
    ) -> tuple[int, None]:
        """Receive as ``recv_into`` does; of TCP nobody says from where."""
        view = _view("recvfrom_into", buffer, nbytes)
        return self._receive_into("recvfrom_into", view, flags), None

    def recvmsg(
        self, bufsize: int, ancbufsize: int = 0, flags: int = 0, /
    ) -> tuple[bytes, list[Any], int, None]:
        """Receive as ``recv`` does; nothing ever comes beside the stream."""
        _check_size(bufsize, "negative buffer size in recvmsg()")
        _check_size(ancbufsize, "invalid ancillary data buffer length")
        return self._receive("recvmsg", bufsize, flags), [], 0, None

    def recvmsg_into(
        self, buffers: Iterable[WriteableBuffer], ancbufsize: int = 0, flags: int = 0, /
    ) -> tuple[int, list[Any], int, None]:
        """Receive into several buffers, one behind the other; else as ``recvmsg``."""
        views = all_writable("recvmsg_into", buffers)
        _check_size(ancbufsize, "invalid ancillary data buffer length")
        data = self._receive("recvmsg_into", sum(map(len, views)), flags)
        rest = memoryview(data)
        for view in views:
            piece = rest[: len(view)]
            view[: len(piece)] = piece
            rest = rest[len(piece) :]
        return len(data), [], 0, None

    # Sending

    def send(self, data: ReadableBuffer, flags: int = 0, /) -> int:
        """Send at least one byte of ``data``, and return how many it were.

        Raises:
            TimeoutError: there was no room in time.
            BlockingIOError: there is no room, and this end does not block.
            BrokenPipeError: this direction has ended, or the connection is lost.
            ConnectionResetError: the connection was lost.
            OSError: (EBADF) this end is closed.
            SimDeadlock: there can never be room.
        """
        return self._send("send", memoryview(data).cast("B"), flags)

    def sendall(self, data: ReadableBuffer, flags: int = 0, /) -> None:
        """Send all of ``data``; after an error nobody knows how much of it; else as ``send``.

        A timeout is one for the whole of it.
        """
        view = memoryview(data).cast("B")
        since_s = time.monotonic()
        while True:
            view = view[self._send("sendall", view, flags, since_s) :]
            if not view:
                return

    def sendmsg(
        self,
        buffers: Iterable[ReadableBuffer],
        ancdata: Iterable[Any] = (),
        flags: int = 0,
        address: object = None,
        /,
    ) -> int:
        """Send several buffers as if they were one; else as ``send``.

        Raises:
            TypeError: ``address`` is no pair of a host and the number of a port.
            SimEscape: ``ancdata`` is given: nothing gets through beside the stream.
        """
        if address is not None:
            _check_address("sendmsg", address)
        if list(ancdata):
            raise SimEscape("sendmsg with ancillary data")
        return self._send("sendmsg", memoryview(b"".join(buffers)), flags)

    def sendto(self, data: ReadableBuffer, flags_or_address: Any, /, *address: Any) -> int:
        """Send as ``send`` does: TCP does not look at where the address is.

        Raises:
            TypeError: there is no address, or it is no pair of a host and the number of a port.
            OverflowError: the number is that of no port.
        """
        if len(address) > 1:
            raise TypeError(f"sendto() takes 2 or 3 arguments ({2 + len(address)} given)")
        flags, where = (flags_or_address, *address) if address else (0, flags_or_address)
        _check_address("sendto", where)
        return self._send("sendto", memoryview(data).cast("B"), flags)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send a file, or ``count`` bytes of it, and return how many it were; else as ``send``.

        Raises:
            ValueError: the file is one of text, ``count`` is not above 0, or this end does not
                block.
        """
        # How the standard library sends what has no file descriptor; it has no public name.
        by_send: Any = getattr(self, "_sendfile_use_send")  # noqa: B009
        sent: int = by_send(file, offset, count)
        return sent

    # What only other sockets can do

    def accept(self) -> NoReturn:
        """Raise: there is nobody to accept."""
        self._refuse("accept", CONNECTED)

    def bind(self, address: object, /) -> NoReturn:
        """Raise: an end of a pair has its address."""
        self._refuse("bind", CONNECTED)

    def connect(self, address: object, /) -> NoReturn:
        """Raise: an end of a pair is connected."""
        self._refuse("connect", CONNECTED)

    def connect_ex(self, address: object, /) -> int:
        """Return that this end is closed, or raise: an end of a pair is connected."""
        try:
            self._check_open()
        except OSError:
            return errno.EBADF
        raise SimEscape("connect_ex", CONNECTED)

    def listen(self, backlog: int = 0, /) -> NoReturn:
        """Raise: an end of a pair is connected."""
        self._refuse("listen", CONNECTED)

    def detach(self) -> int:
        """Return -1 for an end that is closed, or raise: there is no descriptor to go on with."""
        try:
            self._check_open()
        except OSError:
            return -1
        raise SimEscape("detach", NO_DESCRIPTOR)

    def dup(self) -> NoReturn:
        """Raise: there is no file descriptor to copy."""
        self._refuse("dup", NO_DESCRIPTOR)

    def get_inheritable(self) -> bool:
        """Return that no other process inherits it."""
        self._check_open()
        return False

    def set_inheritable(self, inheritable: bool) -> None:
        """Do nothing if it shall not be inherited, which it never is.

        Raises:
            SimEscape: it shall be.
        """
        self._check_open()
        if inheritable:
            raise SimEscape("set_inheritable(True)", NO_DESCRIPTOR)

    # Details

    def _receive_into(self, call: str, view: memoryview, flags: int) -> int:
        """Receive into one buffer for a call of that name."""
        data = self._receive(call, len(view), flags)
        view[: len(data)] = data
        return len(data)

    def _refuse(self, call: str, why: str) -> NoReturn:
        """Raise that a call is not simulated; of a closed end, that it is closed."""
        self._check_open()
        raise SimEscape(call, why)


def _view(call: str, buffer: WriteableBuffer, nbytes: int) -> memoryview:
    """Return the first ``nbytes`` bytes of a buffer, or all of them if that is 0.

    Raises:
        TypeError: nothing can be written there.
        ValueError: ``nbytes`` is negative, or the buffer has fewer.
    """
    view = writable(call, buffer)
    _check_size(nbytes, f"negative buffersize in {call}")
    if nbytes > len(view):
        raise ValueError("buffer too small for requested bytes")
    return view[: nbytes or None]


def _check_address(call: str, address: Any) -> None:
    """Check that something is an address of IPv4, in the words of a real socket.

    Raises:
        TypeError: it is no pair of a host and the number of a port.
        OverflowError: the number is that of no port.
    """
    # Looked at under another name, by which it need not be known what the pair is made of.
    given: object = address
    if not isinstance(given, tuple):
        raise TypeError(f"{call}(): AF_INET address must be tuple, not {type(given).__name__}")
    if len(address) != 2:
        raise TypeError("AF_INET address must be a pair (host, port)")
    host, port = address
    if not isinstance(host, str | bytes | bytearray):
        raise TypeError(f"str, bytes or bytearray expected, not {type(host).__name__}")
    if not 0 <= operator.index(port) <= 0xFFFF:
        raise OverflowError(f"{call}(): port must be 0-65535.")


def _check_size(size: int, problem: str) -> None:
    """Check the size of a buffer.

    Raises:
        ValueError: it is negative.
    """
    if size < 0:
        raise ValueError(problem)
