"""The command ``python -m mcws_server``: a server to try a device against, by hand."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from typing import Final

from mcws_protocol import (
    ABOUT_WIRES,
    WIRES,
    ListenFailed,
    Raw,
    readable,
)
from mcws_server import ConnectedClient, Server

ABOUT: Final = """\
Start a server and print each message that arrives, behind the id of the client that sent it.
Ctrl-C stops it politely."""

EXAMPLES: Final = f"""\
{ABOUT_WIRES}
examples:
  python -m mcws_server                        print what arrives on 127.0.0.1:8080
  python -m mcws_server --echo --wire lines    then, elsewhere: nc 127.0.0.1 8080
  python -m mcws_server --chat                 each message goes to all the other clients
  python -m mcws_server --address 0.0.0.0      let other machines connect too
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve as ``arguments`` say until SIGINT or SIGTERM; return the exit code."""
    options = make_parser().parse_args(arguments)
    if options.verbose:
        logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
        # Only our loggers: everybody's DEBUG would bury them.
        logging.getLogger("mcws").setLevel(logging.DEBUG)
    server = make_server(echo=options.echo, chat=options.chat)

    def announce() -> None:
        """Print where the server listens, now that the port is known."""
        door = server.listeners[0]
        # In a URL an IPv6 address has brackets.
        host = f"[{door.address}]" if ":" in door.address else door.address
        say(f"listening on tcp://{host}:{door.port} (wire: {options.wire})")

    try:
        server.run(options.port, options.address, announce, wire=WIRES[options.wire])
    except ListenFailed as error:
        # The user can change it, a port in use for instance, and needs no traceback.
        print(f"mcws_server: {error}", file=sys.stderr)
        return 1
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m mcws_server",
        description=ABOUT,
        epilog=EXAMPLES,
        # The texts are laid out by hand; the default formatter would refill their lines.
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=port_number, default=8080, help="0 lets the system choose (default: 8080)"
    )
    parser.add_argument(
        "--address", default="127.0.0.1", help="where to listen (default: 127.0.0.1, only here)"
    )
    parser.add_argument(
        "--wire", choices=WIRES, default="mcws", help="how messages travel, see below"
    )
    answers = parser.add_mutually_exclusive_group()
    answers.add_argument("--echo", action="store_true", help="send each message back")
    answers.add_argument("--chat", action="store_true", help="send each message to all others")
    parser.add_argument("--verbose", action="store_true", help="log who comes and goes, on stderr")
    return parser


def port_number(text: str) -> int:
    """Return the port that ``text`` names.

    Raises:
        ArgumentTypeError: it is not a number from 0 to 65535.
    """
    # `int` alone would take signs, blanks and underscores too.
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"must be 0 to 65535, not {text!r}")
    return int(text)


def make_server(*, echo: bool = False, chat: bool = False) -> Server:
    """Return a server that prints what arrives and answers as asked."""
    server = Server().on_client_message(show)
    if echo:

        def repeat(request: Raw, client: ConnectedClient) -> Raw:
            """Print a request and answer it with itself."""
            show(request, client)
            return request

        # What `send` returns is awaited, so who does not read is held back (FAULTS 11).
        server.on_client_message(lambda message, client: client.send(message))
        server.on_client_request(repeat)
    elif chat:
        server.on_client_message(
            lambda message, client: server.broadcast(message, lambda other: other is not client)
        )
    return server


def show(message: Raw, client: ConnectedClient) -> None:
    """Print one message behind the id of its client."""
    # The id is a stranger's text too (FAULTS 19).
    say(f"{readable(client.id)}: {readable(message)}")


def say(line: str) -> None:
    """Print ``line`` at once; what the terminal cannot show comes out as an escape."""
    encoding = sys.stdout.encoding
    print(line.encode(encoding, "backslashreplace").decode(encoding), flush=True)


if __name__ == "__main__":
    sys.exit(main())
