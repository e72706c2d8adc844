"""The quick start of the Node package that mcws grew from, line by line.

It serves until Ctrl-C; ``python -m examples.client hello`` in another terminal talks to it.
"""

from mcws_protocol import Raw
from mcws_server import ConnectedClient, Server


def make_server() -> Server:
    """Return a server that greets, answers, and says who comes and goes."""
    return (
        Server()
        .on_client_connect(connected)
        .on_client_message(received)
        .on_client_disconnect(disconnected)
    )


def connected(client: ConnectedClient) -> None:
    """Greet a client."""
    print("client connected", client.id)
    client.send("welcome to Server :)")


def received(message: Raw, client: ConnectedClient) -> None:
    """Answer a message."""
    print("message from", client.id)
    client.send("hi this is from server")


def disconnected(client: ConnectedClient) -> None:
    """Say who has gone."""
    print("client disconnected", client.id)


if __name__ == "__main__":
    make_server().run(8080, "127.0.0.1", lambda: print("server started"))
