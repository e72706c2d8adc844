"""SocketCalls: all that a socket can be asked, in terms of receiving and sending.

What needs more than a connection between two ends raises ``SimEscape``, which names the call.
"""

from __future__ import annotations

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
    """The calls of a socket, made of the two that a subclass has."""

    def _receive(self, call: str, size: int, flags: int) -> bytes:
        """Return up to ``size`` bytes for ``call``, as soon as there are any."""
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
        return self._receive("recv", bufsize, flags)

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        """Receive into a buffer, at most ``nbytes`` bytes if that is not 0; else as ``recv``.

        Raises:
            TypeError: it is read-only, or has gaps; nothing is received then.
        """
        return self._receive_into("recv_into", buffer, nbytes, flags)

    def recvfrom(self, bufsize: int, flags: int = 0, /) -> tuple[bytes, None]:
        """Receive as ``recv`` does; of TCP nobody says from where."""
        _check_size(bufsize, "negative buffersize in recvfrom")
        return self._receive("recvfrom", bufsize, flags), None

    def recvfrom_into(
        self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0
    ) -> tuple[int, None]:
        """Receive as ``recv_into`` does; of TCP nobody says from where."""
        return self._receive_into("recvfrom_into", buffer, nbytes, flags), None

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
            SimEscape: ``ancdata`` is given: nothing gets through beside the stream.
        """
        if list(ancdata):
            raise SimEscape("sendmsg with ancillary data")
        return self._send("sendmsg", memoryview(b"".join(buffers)), flags)

    def sendto(self, data: ReadableBuffer, flags_or_address: Any, /, *address: Any) -> int:
        """Send as ``send`` does: TCP does not look at the address."""
        flags = flags_or_address if address else 0
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
        raise SimEscape("accept", CONNECTED)

    def bind(self, address: object, /) -> NoReturn:
        """Raise: an end of a pair has its address."""
        raise SimEscape("bind", CONNECTED)

    def connect(self, address: object, /) -> NoReturn:
        """Raise: an end of a pair is connected."""
        raise SimEscape("connect", CONNECTED)

    def connect_ex(self, address: object, /) -> NoReturn:
        """Raise: an end of a pair is connected."""
        raise SimEscape("connect_ex", CONNECTED)

    def listen(self, backlog: int = 0, /) -> NoReturn:
        """Raise: an end of a pair is connected."""
        raise SimEscape("listen", CONNECTED)

    def detach(self) -> NoReturn:
        """Raise: there is no file descriptor to go on with."""
        raise SimEscape("detach", NO_DESCRIPTOR)

    def dup(self) -> NoReturn:
        """Raise: there is no file descriptor to copy."""
        raise SimEscape("dup", NO_DESCRIPTOR)

    def get_inheritable(self) -> bool:
        """Return that no other process inherits it."""
        return False

    def set_inheritable(self, inheritable: bool) -> None:
        """Do nothing if it shall not be inherited, which it never is.

        Raises:
            SimEscape: it shall be.
        """
        if inheritable:
            raise SimEscape("set_inheritable(True)", NO_DESCRIPTOR)

    # Details

    def _receive_into(self, call: str, buffer: WriteableBuffer, nbytes: int, flags: int) -> int:
        """Receive into one buffer for a call of that name."""
        view = writable(call, buffer)
        _check_size(nbytes, f"negative buffersize in {call}")
        if nbytes > len(view):
            raise ValueError("buffer too small for requested bytes")
        data = self._receive(call, nbytes or len(view), flags)
        view[: len(data)] = data
        return len(data)


def _check_size(size: int, problem: str) -> None:
    """Check the size of a buffer.

    Raises:
        ValueError: it is negative.
    """
    if size < 0:
        raise ValueError(problem)
