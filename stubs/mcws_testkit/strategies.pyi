# Strategies: what Hypothesis draws for protocols.

from typing import Any, Literal, TypeAlias, Unpack

from hypothesis import strategies as st

from mcws_protocol import Contract, Frame, Framing
from mcws_testkit import Faults, World, WorldOptions

__all__ = [
    "Direction",
    "chunkings",
    "frames",
    "messages",
    "payloads",
    "worlds",
]

# Strategies: what Hypothesis draws for protocols

Direction: TypeAlias = Literal["up", "down"]

def chunkings(data: bytes) -> st.SearchStrategy[list[bytes]]: ...
def payloads(framing: Framing) -> st.SearchStrategy[bytes]: ...
def frames() -> st.SearchStrategy[Frame]: ...
def messages(contract: Contract[Any, Any], direction: Direction) -> st.SearchStrategy[Any]: ...

# Worlds as Hypothesis draws them

def worlds(
    faults: Faults | None = None, **options: Unpack[WorldOptions]
) -> st.SearchStrategy[World]: ...
