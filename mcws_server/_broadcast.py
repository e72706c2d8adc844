"""Broadcast: one message to many clients, encoded once and never waiting for any of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcws_protocol import CloseFrame
from mcws_protocol.aio import Shared

from ._registry import AnyConnection

# Only this end hears it: a CLOSE would wait behind all that is not read (WIRE 4, FAULTS 11).
SLOW: Final = CloseFrame(4003, "slow consumer")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message that was sent to many.

    Attributes:
        queued: clients that will get it.
        dropped: clients that do not get it, since they read too slowly and the policy is to drop,
            or since the server only answers them (``Mode.HALF_DUPLEX`` on a plain wire).
        too_long: clients that accept no message of that length.
        closed: clients that are gone, or that this message was one too many for.
        slow: the ids of those who read too slowly, dropped or disconnected.
    """

    queued: int = 0
    dropped: int = 0
    too_long: int = 0
    closed: int = 0
    slow: tuple[str, ...] = ()


def send_to_all(connections: Iterable[AnyConnection], message: Any) -> Delivery:
    """Queue ``message`` once for each connection.

    Raises:
        EncodeError: the codec of a door cannot encode it; nothing was sent to anybody.
        LocalProtocolError: the wire of a door cannot carry it; nothing was sent to anybody.
    """
    targets = list(connections)
    # Once per door, which is what wire and codec belong to; and all of it before the first is
    # queued, so that a message that one door cannot carry goes to nobody.
    frames: dict[object, bytes] = {}
    for connection in targets:
        if connection.door not in frames:
            frames[connection.door] = connection.outbox.share(message)
    # What did not go well: mostly nothing.
    others: list[tuple[Shared, AnyConnection]] = []
    queued = Shared.QUEUED
    for connection in targets:
        outcome = connection.outbox.put_shared(frames[connection.door])
        if outcome is not queued:
            others.append((outcome, connection))
    return Delivery(queued=len(targets)) if not others else _sum_up(len(targets), others)


def _sum_up(count: int, others: list[tuple[Shared, AnyConnection]]) -> Delivery:
    """Return what became of ``count`` messages, and give up who cannot take another one."""
    counts = dict.fromkeys(Shared, 0)
    slow: list[str] = []
    for outcome, connection in others:
        counts[outcome] += 1
        if outcome is Shared.OVERFLOW:
            connection.give_up(SLOW)
        if outcome is Shared.OVERFLOW or outcome is Shared.DROPPED:
            slow.append(connection.id)
    return Delivery(
        queued=count - len(others),
        dropped=counts[Shared.DROPPED] + counts[Shared.SILENT],
        too_long=counts[Shared.TOO_LONG],
        closed=counts[Shared.CLOSED] + counts[Shared.OVERFLOW],
        slow=tuple(slow),
    )


def matching(
    connections: list[AnyConnection], filter: Callable[..., object]
) -> list[AnyConnection]:
    """Return the connections whose client passes ``filter``; all verdicts come before any send.

    Raises:
        TypeError: ``filter`` cannot be called, or is async: its verdict would come too late.
    """
    if not callable(filter):
        raise TypeError(f"filter must be callable, not {filter!r}")
    # Every coroutine is true, so an async filter would let everybody pass.
    if inspect.iscoroutinefunction(filter):
        raise TypeError(f"filter must be a plain function, not the async {filter!r}")
    # A tuple, so that no filter changes what the next call sees.
    clients: Sequence[Any] = tuple(connection.dispatcher.client for connection in connections)
    if takes_three(filter):
        verdicts = [filter(client, index, clients) for index, client in enumerate(clients)]
    else:
        verdicts = [filter(client) for client in clients]
    check_verdicts(verdicts, filter)
    return [one for one, verdict in zip(connections, verdicts, strict=True) if verdict]


def check_verdicts(verdicts: list[object], filter: Callable[..., object]) -> None:
    """Refuse verdicts that would have to be awaited: as they are, all of them are true.

    Raises:
        TypeError: naming ``filter``.
    """
    late = [
        verdict
        for verdict in verdicts
        if verdict is not True and verdict is not False and inspect.isawaitable(verdict)
    ]
    for verdict in late:
        if inspect.iscoroutine(verdict):
            # Python would warn of a coroutine that was never awaited.
            verdict.close()
    if late:
        raise TypeError(f"filter must give its verdict at once, not as the async {filter!r}")


def takes_three(filter: Callable[..., object]) -> bool:
    """Whether ``filter`` has three required positional parameters, as in the original."""
    try:
        parameters = inspect.signature(filter).parameters.values()
    except (TypeError, ValueError):
        # Some builtins have no signature; they are called with the client alone.
        return False
    # What has a default, and `*args`, asks for nothing: such a filter gets the client alone.
    required = [
        parameter
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
    ]
    return len(required) == 3
