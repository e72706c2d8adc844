"""Promise: what a server and its clients may promise about the life of connections."""

from __future__ import annotations

from enum import Enum


class Promise(Enum):
    """One law of a life cycle; its value says it in words."""

    CONNECT = "each connection is told to the hooks once, before anything else of it"
    DISCONNECT = "the end of each connection is told once, soon, whatever ended it"
    SILENCE = "nothing of a connection is told after its end"
    SERIAL = "message handlers of one connection run one at a time, and end before its end is told"
    ORDER = "messages of a connection are handled in the order of sending: no hole, none twice"
    DELIVERY = "on a network that loses nothing, what is sent arrives"
    PRIVACY = "nobody gets what was meant for another one"
    FLUSH = "a polite close of a client loses nothing that was sent before it"
    CLOSING = "every call ends, and so does `receive` once its connection has"
    LIVENESS = "a server that was not stopped lets in whoever comes, once the network is healed"
    BOUNDED = "a client that does not read does not make the server hold more and more"
    TIDY = "no task, timer, connection or error is left in the end"
    RELEASE = "a client whose `receive` told the end holds nothing of its connection"
    SURVIVAL = "a hook that raises costs its own connection at most"
    ECHO = "the server sends each message back to its sender, in order"
    BROADCAST = "a broadcast reaches each client that stays connected, once and in order"
    FILTER = "a broadcast with a filter reaches those whom the filter takes, and nobody else"
    REPLIES = "each request is answered, with its own reply"
    PROMPT = "a request fails soon when its connection is lost"
    HALF_CLOSE = "who ends his own direction gets what is still to come for him"
    PAUSE = "a client that has paused receives nothing until it resumes"
    DRAIN = "a drain answers the requests that run and loses no broadcast made before it"
    REGISTRY = "the server's `clients` are the connections whose end was not told yet"

    @classmethod
    def all(cls) -> frozenset[Promise]:
        """Return all promises."""
        return frozenset(cls)

    @classmethod
    def core(cls) -> frozenset[Promise]:
        """Return those that any server can be asked for, without methods of its own for them."""
        return cls.all() - OPTIONAL


OPTIONAL = frozenset(
    {
        Promise.ECHO,
        Promise.BROADCAST,
        Promise.FILTER,
        Promise.REPLIES,
        Promise.PROMPT,
        Promise.HALF_CLOSE,
        Promise.PAUSE,
        Promise.DRAIN,
        Promise.REGISTRY,
        Promise.RELEASE,
        Promise.SURVIVAL,
    }
)
"""The promises that need more than ``send``, ``receive`` and ``close``."""
