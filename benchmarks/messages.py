"""What types cost: a message encoded and decoded as a connection does it, and by msgspec alone.

Run ``python benchmarks/messages.py``. It prints medians and the median of the ratios, which must be
at most 1.3.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from mcws_protocol import Codec, Contract, Json, Mcws, Message, MsgPack, Request, Role

ROUNDS: Final = 201
"""Pairs of measurements; they alternate and are short, so that a slow moment hits both."""

PER_ROUND: Final = 1_000
"""Messages of one measurement."""

RATIO_MAX: Final = 1.3
"""The most that a message may cost, as a multiple of what msgspec needs for it alone."""


class Config(Message):
    """What answers the request below."""

    interval_s: float = 10.0


class Tick(Message):
    """The smallest message that says something."""

    celsius: float


class Reading(Message):
    """A message as devices send it."""

    device: str
    celsius: float
    at: datetime
    tags: list[str]
    battery: float | None = None


class GetConfig(Request[Config]):
    """A request, so that the contract is a union of several types."""


MESSAGES: Final = (
    Tick(21.5),
    Reading("thermo-17", 21.5, datetime(2026, 1, 1, tzinfo=UTC), ["roof", "north"], 0.97),
)


def seconds(there_and_back: Callable[[Any], Any], message: Any) -> float:
    """Return how long ``there_and_back`` takes per message."""
    began = time.perf_counter()
    for _ in range(PER_ROUND):
        there_and_back(message)
    return (time.perf_counter() - began) / PER_ROUND


def ours(codec: Codec[Any]) -> Callable[[Any], Any]:
    """Return what a client does to send and a server to receive, as their connections do it."""
    contract = Contract("bench", version=1, up=Tick | Reading | GetConfig, down=Config, codec=codec)
    encode = contract.dialect(Role.CLIENT, Mcws()).encode
    decode = contract.dialect(Role.SERVER, Mcws()).quick_decode
    assert decode is not None, "typed payloads are decoded"

    def there_and_back(message: Any) -> Any:
        """Encode and decode one message."""
        try:
            return decode(encode(message))
        except Exception as error:  # as the connection has to
            raise AssertionError(message) from error

    return there_and_back


def theirs(module: Any) -> Callable[[Any], Any]:
    """Return the same done by msgspec alone."""
    encode, decode = module.Encoder().encode, module.Decoder(Tick | Reading).decode

    def there_and_back(message: Any) -> Any:
        """Encode and decode one message."""
        return decode(encode(message))

    return there_and_back


def main() -> int:
    """Print both times and their ratio, for each codec and message; return 1 if one is too high."""
    worst = 0.0
    for codec, module in ((MsgPack(), msgspec.msgpack), (Json(), msgspec.json)):
        mcws, alone = ours(codec), theirs(module)
        for message in MESSAGES:
            assert mcws(message) == alone(message) == message
            rounds = [(seconds(mcws, message), seconds(alone, message)) for _ in range(ROUNDS)]
            with_types, without = (
                statistics.median(column) for column in zip(*rounds, strict=True)
            )
            ratio: float = statistics.median(one / other for one, other in rounds)
            worst = max(worst, ratio)
            sys.stdout.write(
                f"{type(codec).__name__:8} {type(message).__name__:8}"
                f" {with_types * 1e9:6.0f} ns, msgspec alone {without * 1e9:6.0f} ns,"
                f" ratio {ratio:.2f}, at most {RATIO_MAX}\n"
            )
    return 1 if worst > RATIO_MAX else 0


if __name__ == "__main__":
    sys.exit(main())
