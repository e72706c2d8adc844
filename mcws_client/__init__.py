"""The client of mcws: the connector for the remote end of a server."""

from ._client import Client, ClientState
from ._mailbox import Messages

__all__ = ["Client", "ClientState", "Messages"]
