"""CableTransport: asyncio's transport of one end of a cable.

Bytes, ends and errors reach a protocol in the order and with the types that they have on a real
connection.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

from ._cable import Cable
from ._plug_socket import PlugSocket
from ._socket_transport import SocketTransport

AnyCable: TypeAlias = Cable[Any]


class CableTransport(SocketTransport):
    """One end of a cable, for an asyncio protocol, on the loop that runs.

    ``get_extra_info`` knows ``peername``, ``sockname`` and ``cable``. ``get_protocol`` returns None
    once the connection is lost, as in asyncio.
    """

    def __init__(self, cable: AnyCable, name: str, protocol: asyncio.BaseProtocol) -> None:
        host, peer = ("192.0.2.1", 50001), ("192.0.2.2", 50002)
        # Addresses that are reserved for examples: nobody is there.
        here, there = (host, peer) if name == cable.names[0] else (peer, host)
        socket = PlugSocket(cable.plug(name), asyncio.get_running_loop())
        super().__init__(socket, {"cable": cable, "sockname": here, "peername": there})
        self._name = name
        self._is_lost = False
        self.set_protocol(protocol)

    def start(self) -> None:
        """Tell the protocol of its transport, and begin to read."""
        self._protocol.connection_made(self)
        self._watch_reads()

    def __repr__(self) -> str:
        state = "closing" if self._closing else "open"
        return f"<CableTransport {self._name} {state}>"

    # Details

    def _lose(self, error: BaseException | None) -> None:
        if self._is_lost:
            # Closed in `resume_writing`, which asyncio tells twice.
            return
        # Who writes to a connection that has ended is ignored, also where asyncio would fail.
        self._is_lost = self._conn_lost = True
        try:
            super()._lose(error)
        finally:
            self._protocol = None
