"""The client of mcws: the connector for the remote end of a server."""

from ._client import Client, ClientState
from ._mailbox import Messages
from ._settings import ClientOptions

__all__ = ["Client", "ClientOptions", "ClientState", "Messages"]
