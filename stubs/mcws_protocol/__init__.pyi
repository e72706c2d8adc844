# The core of mcws without I/O: framings, wires, codecs, contracts, limits and errors.

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import Any, ClassVar, Final, Generic, Literal, Protocol, Self, TypeAlias, final

import msgspec
from typing_extensions import TypeForm, TypeVar, dataclass_transform

__all__ = [
    "ABOUT_WIRES",
    "FEATURE_HALF_DUPLEX",
    "FEATURE_REQUESTS",
    "UNTYPED",
    "WIRES",
    "AckFrame",
    "AuthFrame",
    "BadRequest",
    "Binary",
    "CancelFrame",
    "ChallengeFrame",
    "Chunks",
    "CloseFrame",
    "Cobs",
    "Codec",
    "ConnectFailed",
    "ConnectTimeout",
    "ConnectionClosed",
    "Contract",
    "ContractMismatch",
    "CorruptFrame",
    "CreditFrame",
    "DecodeError",
    "Delimited",
    "Dialect",
    "DrainFrame",
    "EncodeError",
    "Ended",
    "ErrorFrame",
    "Event",
    "Faulted",
    "Fixed",
    "Frame",
    "FrameDecoder",
    "FrameTooLong",
    "Framing",
    "HelloFrame",
    "IncompleteFrame",
    "ItemFrame",
    "Json",
    "LengthPrefixed",
    "Limits",
    "Lines",
    "ListenFailed",
    "LocalProtocolError",
    "LossFrame",
    "Machine",
    "Mcws",
    "McwsError",
    "Message",
    "MessageFrame",
    "MessageTooLong",
    "MessageType",
    "MessagesLost",
    "Mode",
    "MsgPack",
    "NoHandler",
    "Numbering",
    "OutboxFull",
    "Payload",
    "PingFrame",
    "Plain",
    "PongFrame",
    "Raw",
    "Received",
    "Refused",
    "RejectFrame",
    "Rejected",
    "RemoteProtocolError",
    "ReplyFrame",
    "Request",
    "RequestFailed",
    "RequestFrame",
    "RequestOf",
    "RequestTimeout",
    "RequestType",
    "Role",
    "Slip",
    "SlowConsumer",
    "State",
    "Text",
    "TimedOut",
    "TurnFrame",
    "UnknownMessage",
    "Untouched",
    "Varint",
    "Vocabulary",
    "WelcomeFrame",
    "Wire",
    "check_close",
    "check_id",
    "decode_frame",
    "encode_frame",
    "expect",
    "features_of",
    "frames",
    "iter_frames",
    "lacks_turns",
    "readable",
    "shown",
]

_Up = TypeVar("_Up", default=Raw)
_Down = TypeVar("_Down", default=Raw)
_S_co = TypeVar("_S_co", covariant=True)
_T_co = TypeVar("_T_co", covariant=True)
_R_co = TypeVar("_R_co", covariant=True)
_M = TypeVar("_M")
_K = TypeVar("_K", default=object)
_N = TypeVar("_N")

# Contract: what two ends agree on, as one object that both import

class Contract(Generic[_Up, _Down]):
    wire: Wire
    codec: Codec[Any]
    mode: Mode
    initiator: _Initiator
    previous: tuple[Contract[Any, Any], ...]

    def __init__(
        self,
        name: str,
        *,
        version: int,
        up: TypeForm[_Up],
        down: TypeForm[_Down],
        wire: Wire = ...,
        codec: Codec[Any] = ...,
        mode: Mode = ...,
        initiator: _Initiator = "server",
        previous: Sequence[Contract[Any, Any]] = (),
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def label(self) -> str: ...
    def schema(self) -> dict[str, Any]: ...
    def changes(self, old: Contract[Any, Any]) -> tuple[str, ...]: ...
    def obstacles(self, old: Contract[Any, Any]) -> tuple[str, ...]: ...
    def accepts(self, old: Contract[Any, Any]) -> bool: ...
    def dialect(self, role: Role, wire: Wire, codec: Codec[Any] | None = None) -> Dialect: ...
    def incoming(self, role: Role) -> Vocabulary: ...
    def welcomes(self, label: str) -> bool: ...
    def misfit(self, label: str) -> ContractMismatch | None: ...

UNTYPED: Final[Contract[Raw, Raw]]

# Message: what two ends say to each other, as classes; and Request, which names its reply

@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Message(msgspec.Struct, frozen=True, tag=True, tag_field="$"):
    @classmethod
    def __mcws_type__(cls) -> _Is[Self, Self]: ...

class Request(Message, Generic[_R_co]):
    def __mcws_ask__(self) -> _Ask[Self, _R_co]: ...
    @classmethod
    def __mcws_asks__(cls) -> _Asks[Self, Self, _R_co]: ...

class RequestOf(Protocol[_S_co, _R_co]):
    def __mcws_ask__(self) -> _Ask[_S_co, _R_co]: ...

class MessageType(Protocol[_S_co, _T_co]):
    def __mcws_type__(self) -> _Is[_S_co, _T_co]: ...

class RequestType(Protocol[_S_co, _T_co, _R_co]):
    def __mcws_asks__(self) -> _Asks[_S_co, _T_co, _R_co]: ...

# Mode: who may send when, as both ends of a contract agree on it

class Mode(Enum):
    FULL_DUPLEX = "full duplex"
    HALF_DUPLEX = "half duplex"
    SIMPLEX = "simplex"

# Codec: turns messages into payloads and payloads into messages

Raw: TypeAlias = bytes | str

class Codec(Protocol[_M]):
    def encode(self, message: _M, /) -> Payload: ...
    def decode(self, payload: Payload, /) -> _M: ...

class Untouched:
    def encode(self, message: Raw, /) -> Payload: ...
    def decode(self, payload: Payload, /) -> Raw: ...

class Text:
    def encode(self, message: Raw, /) -> Payload: ...
    def decode(self, payload: Payload, /) -> str: ...

class Binary:
    def encode(self, message: Raw, /) -> Payload: ...
    def decode(self, payload: Payload, /) -> bytes: ...

# The codecs that know types: MsgPack and Json, which check what they decode

@final
class MsgPack(ABC, Generic[_K]):
    kind: Any
    quick_encode: Callable[[Any], bytes]
    quick_decode: Callable[[Any], _K]
    any_bytes: ClassVar[bool]
    name: ClassVar[str]

    def __init__(self, kind: TypeForm[_K] = ...) -> None: ...
    def encode(self, message: _K, /) -> bytes: ...
    def decode(self, payload: Payload, /) -> _K: ...
    def __init_subclass__(cls) -> None: ...
    def for_type(self, kind: TypeForm[_N], /) -> MsgPack[_N]: ...

@final
class Json(ABC, Generic[_K]):
    kind: Any
    quick_encode: Callable[[Any], bytes]
    quick_decode: Callable[[Any], _K]
    any_bytes: ClassVar[bool]
    name: ClassVar[str]

    def __init__(self, kind: TypeForm[_K] = ...) -> None: ...
    def encode(self, message: _K, /) -> bytes: ...
    def decode(self, payload: Payload, /) -> _K: ...
    def __init_subclass__(cls) -> None: ...
    def for_type(self, kind: TypeForm[_N], /) -> Json[_N]: ...

# Wire: what makes one machine per connection, and the machine's contract

class Machine(ABC):
    has_opening: ClassVar[bool]
    has_frames: ClassVar[bool]
    role: Role
    limits: Limits
    state: State
    heard_at: float
    sent_at: float
    matching: Callable[[Payload], bool] | None

    def __init__(self, role: Role, limits: Limits, table: _Table, now: float) -> None: ...
    @property
    def rtt(self) -> float | None: ...
    @property
    def is_asking(self) -> bool: ...
    @property
    def is_deaf(self) -> bool: ...
    @abstractmethod
    def receive(self, data: bytes, now: float) -> list[Received]: ...
    @abstractmethod
    def receive_eof(self, now: float) -> list[Event]: ...
    @abstractmethod
    def send_message(self, payload: Payload, out: list[bytes]) -> int: ...
    def heads(self) -> Sequence[bytes]: ...
    @abstractmethod
    def share(self, payload: Payload) -> bytes: ...
    @abstractmethod
    def accepts(self, shared: bytes) -> bool: ...
    @abstractmethod
    def send(self, frame: Frame, now: float, out: list[bytes]) -> int: ...
    def send_reply(
        self, correlation_id: int, payload: Payload, now: float, out: list[bytes]
    ) -> int: ...
    @abstractmethod
    def tick(self, now: float, out: list[bytes]) -> list[Event]: ...
    def next_deadline(self) -> float: ...
    def excuse(self, now: float) -> None: ...
    def close_by(self, now: float) -> None: ...
    def lost(self) -> None: ...
    def step(self, step: _Step) -> None: ...

class Wire(ABC):
    has_frames: ClassVar[bool]

    @property
    @abstractmethod
    def codec(self) -> Codec[Raw]: ...
    def check_codec(self, codec: Codec[Any]) -> None: ...
    @abstractmethod
    def machine(
        self, role: Role, limits: Limits, now: float, *, first: Role | None = None
    ) -> Machine: ...

def check_close(code: object, reason: object) -> None: ...

# McwsMachine: one end of mcws/1, with an opening, requests, keepalive and a polite end

FEATURE_REQUESTS: Final[int]

FEATURE_HALF_DUPLEX: Final[int]

# Plain: a wire of messages only, in any framing; its close is the end of the stream

@dataclass(frozen=True, slots=True)
class Plain(Wire):
    has_frames: ClassVar[bool]
    framing: Framing
    up: Framing | None = None
    down: Framing | None = None
    match: Callable[[Any, Any], object] | None = None

    @property
    def codec(self) -> Codec[Raw]: ...
    def check_codec(self, codec: Codec[Any]) -> None: ...
    def machine(
        self, role: Role, limits: Limits, now: float, *, first: Role | None = None
    ) -> _PlainMachine: ...

# Framings: the rules that cut a byte stream into frames, and the loops around them

class FrameDecoder(Protocol):
    @property
    def fault(self) -> RemoteProtocolError | None: ...
    @property
    def buffered(self) -> int: ...
    @property
    def skipped(self) -> int: ...
    def feed(self, data: bytes) -> list[bytes]: ...
    def eof(self) -> None: ...

class Framing(Protocol):
    @property
    def keeps_boundaries(self) -> bool: ...
    @property
    def on_corruption(self) -> _OnCorruption: ...
    def encode(self, payload: bytes) -> bytes: ...
    def check(self, payload: bytes) -> None: ...
    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder: ...

@dataclass(frozen=True, slots=True)
class Chunks(_FramingDefaults):
    def encode(self, payload: bytes) -> bytes: ...
    def check(self, payload: bytes) -> None: ...
    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder: ...

@dataclass(frozen=True, slots=True)
class Fixed(_FramingDefaults):
    frame_bytes: int

    def encode(self, payload: bytes) -> bytes: ...
    def check(self, payload: bytes) -> None: ...
    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder: ...

def frames(
    reader: _ByteReader, framing: Framing, *, frame_bytes_max: int = ...
) -> AsyncGenerator[bytes, None]: ...
def iter_frames(
    recv: Callable[[int], bytes], framing: Framing, *, frame_bytes_max: int = ...
) -> Generator[bytes, None, None]: ...

# Delimiters: framings in which each frame ends with bytes that no payload contains

@dataclass(frozen=True, slots=True)
class Delimited(_FramingDefaults):
    delimiter: bytes

    def encode(self, payload: bytes) -> bytes: ...
    def check(self, payload: bytes) -> None: ...
    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder: ...

@dataclass(frozen=True, slots=True)
class Lines(_FramingDefaults):
    def encode(self, payload: bytes) -> bytes: ...
    def check(self, payload: bytes) -> None: ...
    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder: ...

# Length prefixes: framings in which a header says how long its frame is

@dataclass(frozen=True, slots=True)
class LengthPrefixed(_FramingDefaults):
    length_bytes: int = 4
    _: KW_ONLY
    byte_order: _ByteOrder = "big"
    offset: int = 0
    adjustment: int = 0
    strip: int | None = ...

    def encode(self, payload: bytes) -> bytes: ...
    def check(self, payload: bytes) -> None: ...
    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder: ...

@dataclass(frozen=True, slots=True)
class Varint(_FramingDefaults):
    def encode(self, payload: bytes) -> bytes: ...
    def check(self, payload: bytes) -> None: ...
    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder: ...

# Byte stuffing: framings whose delimiter cannot occur inside a frame, whatever the payload

@dataclass(frozen=True, slots=True)
class Cobs(_SkippingDefaults):
    def encode(self, payload: bytes) -> bytes: ...
    def check(self, payload: bytes) -> None: ...
    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder: ...

@dataclass(frozen=True, slots=True)
class Slip(_SkippingDefaults):
    def encode(self, payload: bytes) -> bytes: ...
    def check(self, payload: bytes) -> None: ...
    def decoder(self, *, frame_bytes_max: int) -> FrameDecoder: ...

# Limits: what one connection may cost, every figure with its unit and its reason

class SlowConsumer(Enum):
    DISCONNECT = "disconnect"
    DROP_NEWEST = "drop_newest"
    DROP_OLDEST = "drop_oldest"

@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    frame_bytes_max: int = ...
    opening_bytes_max: int = 8192
    opening_s: float = 5.0
    keepalive_s: float = 20.0
    close_s: float = 5.0
    inbox_high_bytes: int = ...
    inbox_bytes_max: int = ...
    outbox_high_bytes: int = ...
    outbox_low_bytes: int = ...
    outbox_bytes_max: int = ...
    stalled_s: float = 20.0
    slow_consumer: SlowConsumer = ...
    requests_max: int = 64
    messages_per_turn: int = 128

    @property
    def sweep_s(self) -> float: ...

# The errors of mcws: one tree, sorted by who is at fault and then by cause

def shown(text: object, limit: int = ...) -> str: ...

class McwsError(Exception):
    def remember(self, *values: object) -> None: ...

class LocalProtocolError(McwsError): ...

class MessageTooLong(LocalProtocolError):
    size: int
    limit: int

    def __init__(self, size: int, limit: int) -> None: ...

class RemoteProtocolError(McwsError):
    code: int
    reason: str

    def __init__(self, reason: str, code: int | None = None) -> None: ...

class FrameTooLong(RemoteProtocolError):
    size: int | None
    limit: int

    def __init__(self, size: int | None, limit: int) -> None: ...

class IncompleteFrame(RemoteProtocolError):
    buffered: int

    def __init__(self, buffered: int) -> None: ...

class CorruptFrame(RemoteProtocolError): ...

class DecodeError(RemoteProtocolError):
    expected: str
    path: str

    def __init__(self, expected: str, path: str = "") -> None: ...

class UnknownMessage(DecodeError):
    tag: str

    def __init__(self, expected: str, tag: str) -> None: ...

class EncodeError(McwsError, TypeError): ...

class OutboxFull(McwsError):
    queued: int
    limit: int

    def __init__(self, queued: int, limit: int) -> None: ...

class ContractMismatch(McwsError, ValueError):
    ours: str
    theirs: str
    changes: tuple[str, ...]

    def __init__(self, ours: str, theirs: str, changes: tuple[str, ...] = ()) -> None: ...

class ConnectionClosed(McwsError, ConnectionError):
    code: int
    reason: str
    maybe_executed: bool

    def __init__(self, code: int, reason: str = "", maybe_executed: bool = False) -> None: ...

class Rejected(ConnectionClosed):
    retry_after_s: float

    def __init__(self, code: int, reason: str = "", retry_after_s: float = 0.0) -> None: ...

class RequestTimeout(McwsError, TimeoutError):
    timeout: float

    def __init__(self, timeout: float) -> None: ...

class RequestFailed(McwsError):
    code: int
    reason: str

    def __init__(self, code: int, reason: str = "") -> None: ...

class NoHandler(RequestFailed): ...
class BadRequest(RequestFailed): ...

class Refused(McwsError):
    code: int
    reason: str

    def __init__(self, code: int, reason: str = "") -> None: ...

class MessagesLost(McwsError):
    count: int

    def __init__(self, count: int) -> None: ...

class ListenFailed(McwsError, OSError):
    address: str
    port: int
    why: str

    def __init__(self, address: str, port: int, why: str) -> None: ...

class ConnectFailed(McwsError, OSError):
    url: str
    why: str

    def __init__(self, url: str, why: str) -> None: ...

class ConnectTimeout(ConnectFailed, TimeoutError): ...

# Events: what a machine reports, most of them frames of mcws/1 as fields (WIRE 2)

Payload: TypeAlias = bytes | str

class HelloFrame(msgspec.Struct, frozen=True, kw_only=True):
    frame_bytes_max: int
    window: int = 0
    keepalive_s: int = 0
    features: int = 0
    incarnation: int = 0
    attempt: int = 0
    sid: int = 0
    received: int = 0
    id: str = ""
    contract: str = ""
    auth: bytes = b""
    ext: _Extensions = ()
    version: int = 1

class WelcomeFrame(msgspec.Struct, frozen=True, kw_only=True):
    frame_bytes_max: int
    session: int = 0
    sid: int = 0
    received: int = 0
    window: int = 0
    keepalive_s: int = 0
    features: int = 0
    session_ttl_s: int = 0
    id: str = ""
    contract: str = ""
    ext: _Extensions = ()

class RejectFrame(msgspec.Struct, frozen=True):
    code: int
    retry_after_ms: int = 0
    reason: str = ""

class ChallengeFrame(msgspec.Struct, frozen=True):
    nonce: bytes

class AuthFrame(msgspec.Struct, frozen=True):
    nonce: bytes
    mac: bytes

class Numbering(msgspec.Struct, frozen=True):
    seq: int
    origin: tuple[int, int] | None = None

class MessageFrame(msgspec.Struct, frozen=True):
    payload: Payload
    numbering: Numbering | None = None
    context: bytes | None = None

class RequestFrame(msgspec.Struct, frozen=True):
    correlation_id: int
    payload: Payload
    timeout_ms: int = 0
    numbering: Numbering | None = None
    context: bytes | None = None

class ReplyFrame(msgspec.Struct, frozen=True):
    correlation_id: int
    payload: Payload
    numbering: Numbering | None = None

class ErrorFrame(msgspec.Struct, frozen=True):
    correlation_id: int
    code: int
    reason: str = ""
    numbering: Numbering | None = None

class CancelFrame(msgspec.Struct, frozen=True):
    correlation_id: int

class ItemFrame(msgspec.Struct, frozen=True):
    correlation_id: int
    payload: Payload
    numbering: Numbering | None = None

class CreditFrame(msgspec.Struct, frozen=True):
    correlation_id: int
    items: int

class TurnFrame(msgspec.Struct, frozen=True):
    give: bool

class AckFrame(msgspec.Struct, frozen=True):
    received: int
    window: int

class LossFrame(msgspec.Struct, frozen=True):
    count: int

class PingFrame(msgspec.Struct, frozen=True):
    payload: bytes = b""

class PongFrame(msgspec.Struct, frozen=True):
    payload: bytes = b""

class DrainFrame(msgspec.Struct, frozen=True):
    window_ms: int
    reason: str = ""

class CloseFrame(msgspec.Struct, frozen=True):
    code: int = 1000
    reason: str = ""

class Faulted(msgspec.Struct, frozen=True):
    error: RemoteProtocolError

class Ended(msgspec.Struct, frozen=True): ...

class TimedOut(msgspec.Struct, frozen=True):
    code: int
    reason: str

Frame: TypeAlias = (
    HelloFrame
    | WelcomeFrame
    | RejectFrame
    | ChallengeFrame
    | AuthFrame
    | MessageFrame
    | RequestFrame
    | ReplyFrame
    | ErrorFrame
    | CancelFrame
    | ItemFrame
    | CreditFrame
    | TurnFrame
    | AckFrame
    | LossFrame
    | PingFrame
    | PongFrame
    | DrainFrame
    | CloseFrame
)

Event: TypeAlias = Frame | Faulted | Ended | TimedOut

Received: TypeAlias = Payload | Event

# The frame layout of mcws/1: fields to bytes and back

def encode_frame(frame: Frame) -> bytes: ...
def decode_frame(kind: int, flags: int, body: bytes) -> Frame | None: ...

# The states of a connection, as literal tables

class Role(Enum):
    CLIENT = "client"
    SERVER = "server"

class State(Enum):
    START = "start"
    GREETED = "greeted"
    OPEN = "open"
    CLOSE_SENT = "close sent"
    CLOSE_RECEIVED = "close received"
    CLOSED = "closed"
    ENDED = "ended"

# The opening frames of mcws/1, HELLO and WELCOME, and a guess at what came instead

def check_id(id: object) -> None: ...

# Dialect: how one end of a connection turns messages into payloads, and payloads into messages

class Dialect:
    outgoing: Vocabulary
    incoming: Vocabulary
    has_frames: bool
    encode: Callable[[Any], Payload]
    decode_request: Callable[[Payload], Any]
    is_raw: bool
    is_answered: bool
    quick_decode: Callable[[Payload], Any] | None

    def __init__(
        self,
        outgoing: Vocabulary,
        incoming: Vocabulary,
        *,
        has_frames: bool,
        checks: bool = False,
        is_answered: bool = False,
    ) -> None: ...
    def checked(self) -> Dialect: ...
    def decode(self, payload: Payload) -> Any: ...
    def encode_request(self, request: Any) -> Payload: ...
    def encode_reply(self, request: Any, reply: Any) -> Payload: ...
    def decode_reply(self, request: Any, payload: Payload) -> Any: ...

# Vocabulary: the messages of one direction, and what turns them into payloads and back

class Vocabulary:
    codec: Codec[Any]
    everything: _Part
    messages: _Part
    requests: _Part
    replies: dict[type, _Part]

    def __init__(self, name: str, kind: Any, codec: Codec[Any]) -> None: ...
    @property
    def titles(self) -> str: ...
    def check(self, kind: object) -> type: ...

# Arguments: what callers without a type checker may pass is refused at the call

def expect(name: str, value: object, kind: type, example: str = "") -> None: ...

# The command line: what the commands of both ends share, wires by name and messages as lines

WIRES: Final[dict[str, Wire]]

ABOUT_WIRES: Final[str]

def readable(message: Raw) -> str: ...

# Mcws: the wire mcws/1, which makes the machines of both ends

@dataclass(frozen=True, slots=True)
class Mcws(Wire):
    has_frames: ClassVar[bool]

    @property
    def codec(self) -> Codec[Raw]: ...
    def machine(
        self, role: Role, limits: Limits, now: float, *, first: Role | None = None
    ) -> _McwsMachine: ...

def features_of(mode: Mode) -> int: ...
def lacks_turns(mode: Mode, features: int) -> bool: ...

# What annotations name and nobody imports

_Initiator: TypeAlias = Literal["server", "client"]

class _Is(Generic[_S_co, _T_co]): ...
class _Ask(Generic[_S_co, _R_co]): ...
class _Asks(Generic[_S_co, _T_co, _R_co]): ...

_Table: TypeAlias = Mapping[State, Mapping[_Step, State]]

class _Step(Enum):
    SEND_HELLO = "send HELLO"
    SEND_WELCOME = "send WELCOME"
    SEND_REJECT = "send REJECT"
    SEND_FRAME = "send a frame"
    SEND_CLOSE = "send CLOSE"
    RECEIVE_HELLO = "receive HELLO"
    RECEIVE_WELCOME = "receive WELCOME"
    RECEIVE_REJECT = "receive REJECT"
    RECEIVE_FRAME = "receive a frame"
    RECEIVE_CLOSE = "receive CLOSE"
    END = "the stream ends"

class _PlainMachine(Machine):
    has_opening: ClassVar[bool]
    has_frames: ClassVar[bool]

    def __init__(
        self, role: Role, limits: Limits, now: float, inward: Framing, outward: Framing
    ) -> None: ...
    @property
    def is_asking(self) -> bool: ...
    @property
    def is_deaf(self) -> bool: ...
    def receive(self, data: bytes, now: float) -> list[Received]: ...
    def receive_eof(self, now: float) -> list[Event]: ...
    def send_message(self, payload: Payload, out: list[bytes]) -> int: ...
    def share(self, payload: Payload) -> bytes: ...
    def accepts(self, shared: bytes) -> bool: ...
    def send(self, frame: Frame, now: float, out: list[bytes]) -> int: ...
    def tick(self, now: float, out: list[bytes]) -> list[Event]: ...

_OnCorruption: TypeAlias = Literal["fault", "skip"]

class _FramingDefaults:
    keeps_boundaries: bool
    on_corruption: _OnCorruption

class _ByteReader(Protocol):
    async def read(self, n: int, /) -> bytes: ...

_ByteOrder: TypeAlias = Literal["big", "little"]

class _SkippingDefaults:
    keeps_boundaries: bool
    on_corruption: _OnCorruption

_Extensions: TypeAlias = tuple[tuple[int, bytes], ...]

class _Part: ...

class _McwsMachine(Machine):
    has_opening: ClassVar[bool]
    has_frames: ClassVar[bool]

    def __init__(self, role: Role, limits: Limits, now: float) -> None: ...
    @property
    def rtt(self) -> float | None: ...
    @property
    def is_asking(self) -> bool: ...
    @property
    def is_deaf(self) -> bool: ...
    def receive(self, data: bytes, now: float) -> list[Received]: ...
    def receive_eof(self, now: float) -> list[Event]: ...
    def send_message(self, payload: Payload, out: list[bytes]) -> int: ...
    def heads(self) -> Sequence[bytes]: ...
    def share(self, payload: Payload) -> bytes: ...
    def accepts(self, shared: bytes) -> bool: ...
    def send(self, frame: Frame, now: float, out: list[bytes]) -> int: ...
    def send_reply(
        self, correlation_id: int, payload: Payload, now: float, out: list[bytes]
    ) -> int: ...
    def excuse(self, now: float) -> None: ...
    def tick(self, now: float, out: list[bytes]) -> list[Event]: ...
    def next_deadline(self) -> float: ...
