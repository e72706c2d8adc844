"""The errors of mcws: one tree, sorted by who is at fault and then by cause.

::

    McwsError
    ├── LocalProtocolError          this end asked for what its wire does not allow
    │   └── MessageTooLong          longer than the peer accepts
    ├── RemoteProtocolError         the peer sent what its wire does not allow
    │   ├── FrameTooLong            longer than this end accepts (1009)
    │   ├── IncompleteFrame         the stream ended inside a frame
    │   ├── CorruptFrame            a frame that its framing cannot have produced
    │   └── DecodeError             a payload that its codec cannot decode (1007)
    │       └── UnknownMessage      a message of a type that this end does not know
    ├── EncodeError                 a message that its codec cannot encode   (a TypeError)
    ├── OutboxFull                  too much waits to be sent already
    ├── ContractMismatch            two contracts do not fit                 (a ValueError)
    ├── ConnectionClosed            the connection ended or is ending        (a ConnectionError)
    │   └── Rejected                the server refused the opening
    ├── RequestTimeout              no answer in time                        (a TimeoutError)
    ├── RequestFailed               the peer answered with an error
    │   ├── NoHandler               nobody there answers requests of this type
    │   └── BadRequest              what arrived there is no request of this type
    ├── Refused                     raised by a request handler to answer with an error
    ├── MessagesLost                the peer dropped messages on their way here
    ├── ListenFailed                no socket to listen on                   (an OSError)
    └── ConnectFailed               no connection to the server              (an OSError)
        └── ConnectTimeout          not within ``connect_timeout``           (a TimeoutError)

Every value of an error is an attribute. None contains what a peer sent but for reasons, ids and
names of types, which are shown as ``%r`` and cut.
"""

from __future__ import annotations

from typing import Final

# Bytes of a peer's text that a log line or an error shows: enough to recognise, too little to
# flood a log with.
SHOWN_MAX: Final = 64
# Where contracts are named: two labels of at most 92 characters and the words between them.
LABELS_MAX: Final = 256


def shown(text: object, limit: int = SHOWN_MAX) -> str:
    """Return ``text`` as one clean line of at most 64 characters, or ``limit``, between quotes.

    Line ends, escape sequences and marks that reorder text come out as escapes. Logs and errors
    show whatever a peer sent through this.
    """
    # Not `repr`: right-to-left letters are printable to it and reorder a line too. In ASCII the cut
    # is also one of bytes.
    line = ascii(text)
    # The four are three dots and the closing quote.
    return line if len(line) <= limit else f"{line[: limit - 4]}...{line[-1]}"


class McwsError(Exception):
    """The root of all errors that mcws raises."""

    def remember(self, *values: object) -> None:
        """Keep the values that this error was made of, so that it can be pickled and copied."""
        # The built-in bases would take some of them for an errno and its text.
        object.__setattr__(self, "args", values)


# Who broke the rules of the wire


class LocalProtocolError(McwsError):
    """This end asked for what its wire does not allow; nothing was sent."""


class MessageTooLong(LocalProtocolError):
    """A payload is longer than the peer accepts; nothing was sent.

    Attributes:
        size: bytes of the frame that would have been sent.
        limit: bytes that the peer accepts, or that the wire can express.
    """

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(size, limit)
        self.size = size
        self.limit = limit

    def __str__(self) -> str:
        return f"frame of {self.size} bytes exceeds the limit of {self.limit} bytes"


class RemoteProtocolError(McwsError):
    """The peer sent what its wire does not allow.

    Attributes:
        reason: what was expected and what came, without content.
        code: the close code that tells the peer.
    """

    # Protocol error, unless a cause has a code of its own (WIRE 4).
    code: int = 1002

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason, code)
        self.reason = reason
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return self.reason


class FrameTooLong(RemoteProtocolError):
    """The peer began a frame that is longer than this end accepts.

    Attributes:
        size: bytes of the frame; None where the framing tells only that it is too long.
        limit: bytes that this end accepts.
    """

    code = 1009

    def __init__(self, size: int | None, limit: int) -> None:
        shown_size = "" if size is None else f" of {size} bytes"
        super().__init__(f"frame{shown_size} exceeds the limit of {limit} bytes")
        self.remember(size, limit)
        self.size = size
        self.limit = limit


class IncompleteFrame(RemoteProtocolError):
    """The stream ended inside a frame.

    Attributes:
        buffered: bytes of the frame that had arrived.
    """

    # No peer is left that could be told: 1006 never travels (WIRE 4).
    code = 1006

    def __init__(self, buffered: int) -> None:
        super().__init__(f"stream ended inside a frame, {buffered} bytes of it had arrived")
        self.remember(buffered)
        self.buffered = buffered


class CorruptFrame(RemoteProtocolError):
    """The peer sent bytes that no frame of the framing can contain."""


class DecodeError(RemoteProtocolError):
    """A payload does not decode.

    Attributes:
        expected: the type that was expected.
        path: where in the payload, as in ``$.interval_s``; empty for the whole.
    """

    code = 1007

    def __init__(self, expected: str, path: str = "") -> None:
        super().__init__(f"payload is not {expected}" + (f" at {path}" if path else ""))
        self.remember(expected, path)
        self.expected = expected
        self.path = path


class UnknownMessage(DecodeError):
    """A message of a type that this end does not know, perhaps of a newer version; it is skipped.

    Attributes:
        expected: the types that are known.
        tag: what the peer calls the type.
    """

    def __init__(self, expected: str, tag: str) -> None:
        super().__init__(expected)
        self.remember(expected, tag)
        self.tag = tag

    def __str__(self) -> str:
        return f"message of type {shown(self.tag)}, known are {self.expected}"


# Sending


class EncodeError(McwsError, TypeError):
    """A message cannot be encoded by the codec of its connection; nothing was sent."""


class OutboxFull(McwsError):
    """So much waits to be sent that the message was not accepted.

    Attributes:
        queued: bytes that wait.
        limit: ``limits.outbox_bytes_max``.
    """

    def __init__(self, queued: int, limit: int) -> None:
        super().__init__(queued, limit)
        self.queued = queued
        self.limit = limit

    def __str__(self) -> str:
        return f"{self.queued} bytes wait to be sent, the limit is {self.limit} bytes"


# Agreement


class ContractMismatch(McwsError, ValueError):
    """Two contracts do not fit: what one end writes is not what the other one reads.

    Attributes:
        ours: this contract, as ``name/version:fingerprint``.
        theirs: the other one.
        changes: each type and field that does not fit; empty where the other contract is not known.
    """

    def __init__(self, ours: str, theirs: str, changes: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.remember(ours, theirs, changes)
        self.ours = ours
        self.theirs = theirs
        self.changes = changes

    def __str__(self) -> str:
        what = f"contract {self.ours or 'none'} does not fit {shown(self.theirs, LABELS_MAX)}"
        return f"{what}: {'; '.join(self.changes)}" if self.changes else what


# The end of a connection


class ConnectionClosed(McwsError, ConnectionError):
    """The connection ended or is ending; what was being asked for was not done.

    Attributes:
        code: the close code, as in RFC 6455; 1006 where the connection was lost.
        reason: the reason that came with it.
        maybe_executed: whether a request may have reached its handler.
    """

    def __init__(self, code: int, reason: str = "", maybe_executed: bool = False) -> None:
        super().__init__()
        self.remember(code, reason, maybe_executed)
        self.code = code
        self.reason = reason
        self.maybe_executed = maybe_executed

    def __str__(self) -> str:
        why = f": {shown(self.reason)}" if self.reason else ""
        return f"connection closed with code {self.code}{why}"


class Rejected(ConnectionClosed):
    """The server refused the opening of a connection.

    Attributes:
        code: why, as a close code.
        reason: the server's words.
        retry_after_s: seconds after which another attempt may succeed; 0 where unknown.
    """

    def __init__(self, code: int, reason: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(code, reason)
        # Once more, since a copy is made of the arguments of the class itself.
        self.remember(code, reason, retry_after_s)
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        # Whole, since behind the label of this end's contract comes that of the server's.
        why = f": {shown(self.reason, LABELS_MAX)}" if self.reason else ""
        return f"server rejected the connection with code {self.code}{why}"


# Requests


class RequestTimeout(McwsError, TimeoutError):
    """A request was not answered in time.

    Attributes:
        timeout: seconds that it was given.
    """

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self.remember(timeout)
        self.timeout = timeout

    def __str__(self) -> str:
        return f"no answer within {self.timeout:g} seconds"


class RequestFailed(McwsError):
    """The peer answered a request with an error.

    Attributes:
        code: 1 no handler, 2 bad request payload, 3 handler failed, 4 deadline passed, 5 too many
            in flight, 6 cancelled, 7 draining and not executed; from 1000 the application's.
        reason: the peer's words.

    Source: WIRE 4.
    """

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        what = f" ({FAILURE_WORDS[self.code]})" if self.code in FAILURE_WORDS else ""
        why = f": {shown(self.reason)}" if self.reason else ""
        return f"request failed with code {self.code}{what}{why}"


class NoHandler(RequestFailed):
    """The peer has no handler for requests of this type (code 1); it was not executed."""


class BadRequest(RequestFailed):
    """The request does not decode at the peer (code 2); it was not executed."""


FAILURE_WORDS: Final = {
    1: "no handler",
    2: "bad request payload",
    3: "handler failed",
    4: "deadline passed",
    5: "too many in flight",
    6: "cancelled",
    7: "draining",
}
"""What the library's own codes of ERROR say (WIRE 4)."""

FAILURES: Final[dict[int, type[RequestFailed]]] = {1: NoHandler, 2: BadRequest}
"""The codes of ERROR that have a class of their own."""


def request_failed(code: int, reason: str) -> RequestFailed:
    """Return the error for a request that was answered with ERROR."""
    return FAILURES.get(code, RequestFailed)(code, reason)


class Refused(McwsError):
    """Raised by a request handler to answer with an error of the application.

    Attributes:
        code: 1000 to 65535.
        reason: at most 1,024 bytes of UTF-8; what is longer is cut.

    Raises:
        ValueError: ``code`` is outside of its range.
    """

    def __init__(self, code: int, reason: str = "") -> None:
        # Below 1000 the codes are the library's own, above 65535 they do not fit (WIRE 2, 4).
        if not 1000 <= code <= 0xFFFF:
            raise ValueError(f"code must be 1000 to 65535, not {code}")
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return f"refused with code {self.code}: {shown(self.reason)}"


# What the peer reports


class MessagesLost(McwsError):
    """The peer dropped best-effort messages that were on their way here.

    Attributes:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count

    def __str__(self) -> str:
        return f"the peer dropped {self.count} messages on their way here"


# Sockets


class ListenFailed(McwsError, OSError):
    """No socket to listen on could be opened.

    Attributes:
        address: the host that was asked for.
        port: the port that was asked for.
        why: what stopped it.
    """

    def __init__(self, address: str, port: int, why: str) -> None:
        super().__init__()
        self.remember(address, port, why)
        self.address = address
        self.port = port
        self.why = why

    def __str__(self) -> str:
        return f"cannot listen on {self.address}:{self.port}: {self.why}"


class ConnectFailed(McwsError, OSError):
    """No connection to the server could be made.

    Attributes:
        url: where to.
        why: what stopped it.
    """

    def __init__(self, url: str, why: str) -> None:
        super().__init__()
        self.remember(url, why)
        self.url = url
        self.why = why

    def __str__(self) -> str:
        return f"cannot connect to {self.url}: {self.why}"


class ConnectTimeout(ConnectFailed, TimeoutError):
    """No connection to the server could be made within ``connect_timeout``."""
