"""Script: the lines that one end of a connection says and wants to hear, without I/O.

A script is played as a generator of acts. Whoever plays it does each act and sends back what came
of it: the bytes of a read, none at the end of the stream, or the error.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

SHOWN_MAX: Final = 240
"""Bytes of each side that a failure shows."""
ESCAPE: Final = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}
ANY: Final = re.compile(rb"\.\.\.")

News: TypeAlias = bytes | OSError | None
"""What came of an act."""


class Act(Enum):
    """What a player does besides writing bytes."""

    READ = "read"
    EOF = "eof"
    """End the sending direction."""
    CLOSE = "close"
    RESET = "reset"


class ScriptMismatch(AssertionError):
    """The protocol under test did not do what the script says.

    Attributes:
        line: the number of the step in the script, from 1; lines of text are counted as they are.
        step: the step as it was written.
        expected: the bytes that should have come; a regular expression or words for other things.
        received: the bytes that came instead, as far as they were read.
    """

    def __init__(
        self, step: Step, expected: str, received: bytes, *, why: str = "", at: int | None = None
    ) -> None:
        self.line: int = step.line
        self.step: str = step.text
        self.expected = expected
        self.received = received
        rows = [f"line {step.line} of the script: {step.text}", f"  expected  {expected}"]
        rows.append(f"  received  {show(received)}" if received else "  received  nothing")
        if at is not None:
            rows.append(" " * (12 + len(show(received[:at]))) + f"^ byte {at}")
        if why:
            rows.append(f"  {why}")
        super().__init__("\n".join(rows))


@dataclass(frozen=True, slots=True)
class Step(ABC):
    """One line of a script.

    Attributes:
        line: its number.
        text: as it was written.
    """

    line: int
    text: str

    @abstractmethod
    def play(self, came: bytearray) -> Steps:
        """Do this step; ``came`` are the bytes that no step has taken yet."""


Steps: TypeAlias = Generator[bytes | Act, News, None]


@dataclass(frozen=True, slots=True)
class Do(Step):
    """Send bytes, or end something."""

    act: bytes | Act

    def play(self, came: bytearray) -> Steps:
        """Do it; the connection must not be lost by then."""
        news = yield self.act
        if isinstance(news, OSError):
            raise ScriptMismatch(self, "the connection to be there", b"", why=say(news))


@dataclass(frozen=True, slots=True)
class Expect(Step):
    """Wait for bytes, each of which is known or may be any."""

    mask: tuple[int | None, ...]

    def play(self, came: bytearray) -> Steps:
        """Read until all have come, or the first one that is wrong."""
        while True:
            for at, (wanted, got) in enumerate(zip(self.mask, came, strict=False)):
                if wanted not in {None, got}:
                    raise ScriptMismatch(self, self.shown, bytes(came), at=at)
            if len(came) >= len(self.mask):
                break
            yield from read(self, self.shown, came)
        del came[: len(self.mask)]

    @property
    def shown(self) -> str:
        """What is waited for, as text."""
        return "".join("??" if one is None else show(bytes([one])) for one in self.mask)


@dataclass(frozen=True, slots=True)
class ExpectMatch(Step):
    """Wait for a line, and have it match a regular expression as a whole."""

    pattern: re.Pattern[bytes]
    until: bytes

    def play(self, came: bytearray) -> Steps:
        """Read until the end of the line, which is no part of what has to match."""
        expected = f"a line like {show(self.pattern.pattern)}"
        while self.until not in came:
            yield from read(self, expected, came)
        line, _, _ = bytes(came).partition(self.until)
        if self.pattern.fullmatch(line) is None:
            raise ScriptMismatch(self, expected, line)
        del came[: len(line) + len(self.until)]


@dataclass(frozen=True, slots=True)
class ExpectEnd(Step):
    """Wait for the end of the stream, or for a reset."""

    is_reset: bool

    def play(self, came: bytearray) -> Steps:
        """Read once; nothing may come before the end."""
        expected = "a reset" if self.is_reset else "the end of the stream"
        news = None if came else (yield Act.READ)
        if isinstance(news, bytes):
            came += news
        wanted: News | type = ConnectionError if self.is_reset else b""
        is_there = isinstance(news, ConnectionError) if self.is_reset else news == wanted
        if not is_there:
            why = "the stream ended" if news == b"" else say(news)
            raise ScriptMismatch(self, expected, bytes(came), why=why)


def read(step: Step, expected: str, came: bytearray) -> Steps:
    """Read once, and add what came.

    Raises:
        ScriptMismatch: nothing came.
    """
    news = yield Act.READ
    if isinstance(news, bytes) and news:
        came += news
        return
    why = "the stream ended" if news == b"" else say(news)
    raise ScriptMismatch(step, expected, bytes(came), why=why)


def play(steps: list[Step]) -> Steps:
    """Do all steps; nothing may be left over behind the last one."""
    came = bytearray()
    for step in steps:
        yield from step.play(came)
    if came:
        last = Do(steps[-1].line + 1, "(its end)", b"")
        raise ScriptMismatch(last, "nothing more", bytes(came))


# From text


def parse(text: str, newline: bytes) -> Iterator[Step]:
    """Yield the steps of a script that is written as text.

    Raises:
        ValueError: a line is none; it names the line.
    """
    for number, line in enumerate(text.split("\n"), 1):
        words = line.strip()
        if words and not words.startswith("#"):
            try:
                yield parse_line(number, words, newline)
            except (ValueError, re.error) as error:
                raise ValueError(f"line {number} of the script: {words!r}: {error}") from None


def parse_line(number: int, words: str, newline: bytes) -> Step:
    """Return the step of one line.

    Raises:
        ValueError: it is none.
    """
    acts = {"eof": Act.EOF, "close": Act.CLOSE, "reset": Act.RESET}
    if words in acts:
        return Do(number, words, acts[words])
    if words in {"expect eof", "expect reset"}:
        return ExpectEnd(number, words, words.endswith("reset"))
    mark, _, rest = words.partition(" ")
    match mark:
        case ">":
            return Do(number, words, unescape(*ended(rest, newline)))
        case "<":
            return parse_expected(number, words, *ended(rest, newline))
        case ">>":
            return Do(number, words, bytes.fromhex(rest))
        case "<<":
            return Expect(number, words, tuple(parse_mask(rest)))
        case "~":
            return ExpectMatch(number, words, re.compile(rest.encode()), newline)
        case _:
            marks = "'> ', '< ', '>> ', '<< ', '~ ', eof, close, reset, expect eof, expect reset"
            raise ValueError(f"expected one of {marks}")


def ended(rest: str, newline: bytes) -> tuple[bytes, bytes]:
    """Return a line and what ends it: nothing if its last character is a lone backslash."""
    data = rest.encode()
    slashes = len(data) - len(data.rstrip(b"\\"))
    return (data[:-1], b"") if slashes % 2 else (data, newline)


def parse_expected(number: int, words: str, data: bytes, newline: bytes) -> Step:
    """Return the step that waits for a line, in which three dots stand for anything."""
    parts = [unescape(part) for part in ANY.split(data)]
    if len(parts) == 1:
        return Expect(number, words, tuple(parts[0] + newline))
    if not newline:
        raise ValueError("what has '...' in it ends with its line")
    pattern = re.compile(b".*".join(map(re.escape, parts)), re.DOTALL)
    return ExpectMatch(number, words, pattern, newline)


def parse_mask(text: str) -> Iterator[int | None]:
    """Yield bytes in hex, and None for two dots.

    Raises:
        ValueError: it is neither.
    """
    digits = "".join(text.split())
    for at in range(0, len(digits), 2):
        pair = digits[at : at + 2]
        yield None if pair == ".." else bytes.fromhex(pair)[0]


def unescape(data: bytes, newline: bytes = b"") -> bytes:
    r"""Return a line with its escapes replaced, and what ends it: \n \r \t \0 \\ and \x00.

    Raises:
        ValueError: an escape is none of these.
    """

    def one(match: re.Match[bytes]) -> bytes:
        """Return what one escape stands for."""
        name = match[1]
        if len(name) == 3:
            return bytes.fromhex(name[1:].decode())
        if name not in ESCAPES:
            raise ValueError(rf"no escape: \{name.decode()}")
        return ESCAPES[name]

    return ESCAPE.sub(one, data) + newline


# As text


def show(data: bytes) -> str:
    """Return bytes as one line: text as it is, the rest as escapes, cut where it is long."""
    line = "".join(map(show_byte, data[:SHOWN_MAX]))
    return line + (f"... ({len(data)} bytes)" if len(data) > SHOWN_MAX else "")


def show_byte(byte: int) -> str:
    """Return one byte as text."""
    return repr(bytes([byte]))[2:-1] if byte != ord("'") else "'"


def say(news: News) -> str:
    """Return what came of a read that brought no bytes, in words."""
    if isinstance(news, ConnectionError):
        return f"the connection was lost: {type(news).__name__}"
    return str(news) if isinstance(news, OSError) else ""
