"""The command ``python -m mcws_client``: talk with a server by hand or from a script."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import sys
import threading
from collections.abc import Sequence
from typing import BinaryIO, Final

from mcws_client import Client
from mcws_protocol import (
    ABOUT_WIRES,
    WIRES,
    ConnectionClosed,
    ConnectTimeout,
    EncodeError,
    LocalProtocolError,
    McwsError,
    Raw,
    RemoteProtocolError,
    readable,
)

# The close codes of a server that was done or stopped (WIRE 4): no failure.
EXPECTED: Final = frozenset({1000, 1001})

# The close codes that two ends on different wires arrive at.
DOUBTFUL: Final = frozenset({1002, 1006, 1007, 1009})

ABOUT: Final = """\
Connect to a server, send each line of the standard input as a message, and print each message
that arrives. It ends with the input (Ctrl-D), with Ctrl-C, or when the server closes."""

EXAMPLES: Final = f"""\
{ABOUT_WIRES}
examples:
  python -m mcws_client tcp://127.0.0.1:8080                  type, and read the answers
  python -m mcws_client tcp://127.0.0.1:8080 --id thermo-1    under a name of your own
  echo hi | python -m mcws_client tcp://10.0.0.7:23 --wire lines --wait 3
  python -m mcws_client tcp://127.0.0.1:8080 --wait inf </dev/null      only listen

exit code: 0 after a conversation, 1 if there was none or it broke off, 2 for wrong arguments
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Converse as ``arguments`` say; return the exit code."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    # An id travels in HELLO, which plain wires do not have (WIRE 3).
    if options.id is not None and options.wire != "mcws":
        parser.error(f"--id: the wire {options.wire!r} cannot carry an id")
    try:
        client = Client(
            options.url,
            id=options.id,
            wire=WIRES[options.wire],
            connect_timeout=options.connect_timeout,
        )
    except ValueError as error:
        parser.error(str(error))
    try:
        # Not closed: that would wait for the thread that may still read it.
        return 0 if asyncio.run(converse(client, open_input(), options.wait)) else 1
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        # Who read the output is gone; without this Python complains once more when it ends.
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.close()
        return 0
    except (McwsError, OSError) as error:
        complain(f"{error}{doubt(error, options.wire)}")
        return 1


def make_parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m mcws_client",
        description=ABOUT,
        epilog=EXAMPLES,
        # The texts are laid out by hand; the default formatter would refill their lines.
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", help="where the server listens, as in tcp://127.0.0.1:8080")
    parser.add_argument(
        "--wire", choices=WIRES, default="mcws", help="how messages travel, see below"
    )
    parser.add_argument("--id", help="what the client calls itself (default: the server decides)")
    parser.add_argument(
        "--wait",
        type=seconds,
        default=1.0,
        metavar="SECONDS",
        help="after the input ended, stay until no message came for so long (default: 1)",
    )
    parser.add_argument(
        "--connect-timeout",
        type=seconds,
        default=10.0,
        metavar="SECONDS",
        help="give up if there is no connection after so long (default: 10)",
    )
    return parser


def seconds(text: str) -> float:
    """Return the time that ``text`` names; ``inf`` is for ever.

    Raises:
        ArgumentTypeError: it is not a number from 0 on.
    """
    with contextlib.suppress(ValueError):
        # NaN fails this, as it fails every comparison.
        if float(text) >= 0:
            return float(text)
    raise argparse.ArgumentTypeError(f"must be 0 or more seconds, not {text!r}")


def open_input() -> BinaryIO:
    """Return the standard input as bytes; nothing where it is closed.

    It is a file object of its own: at its end Python locks ``sys.stdin``, which a thread that still
    reads there would hold.
    """
    if sys.stdin is None:
        return io.BytesIO()
    return open(sys.stdin.fileno(), "rb", closefd=False)


async def converse(client: Client, source: BinaryIO, wait_s: float) -> bool:
    """Send the lines of ``source`` and print what arrives; return whether all could be sent.

    Raises:
        McwsError: there is no connection, or it broke off.
        OSError: ``source`` cannot be read, or nobody reads the output any more.
    """
    async with client:
        sending = asyncio.create_task(send_lines(client, TypedLines(source)))
        try:
            await print_messages(client, sending, wait_s)
        finally:
            sending.cancel()
            await asyncio.wait({sending})
    if client.close_code not in EXPECTED:
        raise ConnectionClosed(client.close_code, client.close_reason)
    if sending.cancelled():
        # The server went before the input ended: worth a word, but not a failure.
        complain(str(ConnectionClosed(client.close_code, client.close_reason)))
        return True
    return sending.result()


async def print_messages(client: Client, sending: asyncio.Task[bool], wait_s: float) -> None:
    """Print each message until the connection ends, or all is sent and none came for a while."""

    def be_patient(_: object = None) -> None:
        """Wait for the next message so many seconds from now."""
        # Too late to matter if the connection ended meanwhile.
        with contextlib.suppress(RuntimeError):
            patience.reschedule(asyncio.get_running_loop().time() + wait_s)

    with contextlib.suppress(TimeoutError):
        # No deadline as long as the input goes on: whoever types may think.
        async with asyncio.timeout(None) as patience:
            sending.add_done_callback(be_patient)
            async for message in client:
                say(readable(message))
                if sending.done():
                    be_patient()


async def send_lines(client: Client, lines: TypedLines) -> bool:
    """Send each line as a message; return whether the wire could carry all of them.

    Raises:
        ConnectionClosed: the connection ended before all was sent.
        OSError: the input cannot be read.
    """
    is_all_sent = True
    async for line in lines:
        try:
            await client.send(line)
        except (EncodeError, LocalProtocolError) as error:
            # One line that the wire cannot carry is no reason to give up the others.
            complain(f"not sent: {error}")
            is_all_sent = False
    # A server that closes now wants no more; its close code says whether that is a failure.
    with contextlib.suppress(ConnectionClosed):
        await client.flush()
    return is_all_sent


class TypedLines:
    """An asynchronous iterator over the lines of a file, a pipe or a terminal.

    A thread reads, since only that works with all three and everywhere; it reads a line when one is
    asked for. It is a daemon: a read from a terminal ends when somebody types, not before.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._loop = asyncio.get_running_loop()
        # A permit for each line that is wanted, so that input is not read far ahead of the sending.
        self._asked = threading.Semaphore(0)
        # An error travels as a value, and is raised where the line was awaited.
        self._lines: asyncio.Queue[bytes | OSError] = asyncio.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def __aiter__(self) -> TypedLines:
        return self

    async def __anext__(self) -> Raw:
        """Return the next line without its end, as text if it is text.

        Raises:
            OSError: the input cannot be read.
        """
        self._asked.release()
        line = await self._lines.get()
        if isinstance(line, OSError):
            raise line
        if not line:
            raise StopAsyncIteration
        line = line.removesuffix(b"\n").removesuffix(b"\r")
        try:
            return line.decode()
        except UnicodeDecodeError:
            return line

    def _read(self) -> None:
        """Pass on line after line; the end of the input is an empty one."""
        # Anything but the empty line, which is the end.
        line: bytes | OSError = b"\n"
        # The loop is closed when the conversation is over.
        with contextlib.suppress(RuntimeError):
            while line and not isinstance(line, OSError):
                self._asked.acquire()
                line = self._next()
                self._loop.call_soon_threadsafe(self._lines.put_nowait, line)

    def _next(self) -> bytes | OSError:
        try:
            return self._source.readline()
        except OSError as error:
            return error


def doubt(error: Exception, wire: str) -> str:
    """Return a question to put behind ``error``, where the wire may be what is wrong."""
    # Another wire shows as silence until the time is up, or as bytes that make no sense.
    is_doubtful = isinstance(error, ConnectTimeout | RemoteProtocolError)
    if is_doubtful or (isinstance(error, ConnectionClosed) and error.code in DOUBTFUL):
        return f"; is --wire {wire} right?"
    return ""


def say(line: str) -> None:
    """Print ``line`` at once; what the terminal cannot show comes out as an escape."""
    encoding = sys.stdout.encoding
    print(line.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def complain(problem: str) -> None:
    """Print one line on the standard error."""
    # The standard output is for messages alone, so that a script can read it.
    print(f"mcws_client: {problem}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
