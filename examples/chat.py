"""Chat: the first line of each client is its nickname, every other one goes to the others.

It serves until Ctrl-C. The wire is lines of text, so ``nc 127.0.0.1 8080`` in two terminals is
enough to talk.
"""

from mcws_protocol import Lines, Plain
from mcws_server import ConnectedClient, Server

WIRE = Plain(Lines())


def make_server() -> Server:
    """Return a server with one room."""
    server = Server()

    @server.on(str)
    def say(line: str, client: ConnectedClient) -> None:
        nickname = client.metadata.get("nickname")
        if nickname is None:
            client.metadata["nickname"] = line
            server.broadcast(f"* {line} has come", is_in)
        else:
            server.broadcast(f"{nickname}: {line}", lambda to: is_in(to) and to is not client)

    def leave(client: ConnectedClient) -> None:
        if is_in(client):
            server.broadcast(f"* {client.metadata['nickname']} has left", is_in)

    return server.on_client_connect(ask_nickname).on_client_disconnect(leave)


def ask_nickname(client: ConnectedClient) -> None:
    """Ask who has come."""
    client.send("Your nickname?")


def is_in(client: ConnectedClient) -> bool:
    """Whether a client has a nickname, and so is in the room."""
    return "nickname" in client.metadata


if __name__ == "__main__":
    make_server().run(8080, wire=WIRE)
