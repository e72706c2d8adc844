"""Terms: all that two ends have to agree on, and whether the terms of two versions fit.

What one version writes another one has to read. A type that is new is no obstacle: an older end
skips messages of types that it does not know, and answers requests of such a type with ERROR 1.

Source: WIRE 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ._codec import Codec
from ._evolution import Change, compare, compare_messages
from ._forms import title, union_of
from ._message import is_message, tag_of
from ._mode import Mode
from ._schema import canonical, describe, fingerprint
from ._vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Terms:
    """What the messages of a contract look like on the wire.

    Attributes:
        up: what clients send.
        down: what the server sends.
        codec: the codec of both.
        mode: who may send when.
        initiator: who begins in half duplex.
    """

    up: Vocabulary
    down: Vocabulary
    codec: Codec[Any]
    mode: Mode
    initiator: str

    def fingerprint(self) -> str:
        """Return 16 hex digits that are equal for equal terms only."""
        return fingerprint(
            [look(self.up), look(self.down), self.format, self.mode.value, self.begins]
        )

    @property
    def format(self) -> str:
        """What payloads are made in."""
        return type(self.codec).__name__

    @property
    def begins(self) -> str:
        """The end that has the turn first; empty where both may send at any time."""
        return self.initiator if self.mode is Mode.HALF_DUPLEX else ""

    def behind(self, old: Terms) -> list[str]:
        """Return what keeps a client of ``old`` from a server of these terms.

        A type that ``old`` sends and these terms lack counts: it was removed, and is still sent.
        """
        return [
            *self._differences(old),
            *lines("up", obstacles(old.up, self.up, is_strict=True)),
            *lines("down", obstacles(self.down, old.down, is_strict=False)),
            *lines("reply", answers(self.up, old.up)),
            *lines("reply", answers(old.down, self.down)),
        ]

    def ahead(self, old: Terms) -> list[str]:
        """Return what keeps a client of these terms from a server of ``old``."""
        return [
            *self._differences(old),
            *lines("up", obstacles(self.up, old.up, is_strict=False)),
            *lines("down", obstacles(old.down, self.down, is_strict=False)),
            *lines("reply", answers(old.up, self.up)),
            *lines("reply", answers(self.down, old.down)),
        ]

    def _differences(self, old: Terms) -> list[str]:
        """Return what differs besides the messages."""
        pairs = {"codec": (old.format, self.format), "mode": (old.mode.value, self.mode.value)}
        if old.mode is self.mode:
            pairs["initiator"] = (old.begins, self.begins)
        return [f"{what}: was {was}, is {now}" for what, (was, now) in pairs.items() if was != now]


def obstacles(writer: Vocabulary, reader: Vocabulary, *, is_strict: bool) -> Iterator[Change]:
    """Yield what ``writer`` says in one direction and ``reader`` does not understand.

    A type that only the writer has counts if ``is_strict``.
    """
    yield from compare_messages(by_tag(writer), by_tag(reader), strict=is_strict)
    ours, theirs = native(writer), native(reader)
    if ours and theirs and hasattr(writer.codec, "describe"):
        # Only the codec knows these types, and it cannot say more than whether they are equal.
        known = {canonical(described(reader, kind)) for kind in theirs}
        for kind in ours:
            if canonical(described(writer, kind)) not in known:
                yield Change(title(kind), "", "looks different")
    elif ours and theirs:
        yield from compare(union_of(ours), union_of(theirs))
    elif ours and is_strict:
        yield Change(writer.titles, "", "is not known to the reader")


def answers(writer: Vocabulary, reader: Vocabulary) -> Iterator[Change]:
    """Yield what answers requests that both know, and what the end that asks does not understand.

    ``writer`` is the vocabulary of the requests as the end that answers knows them.
    """
    written = {tag_of(request): part for request, part in writer.replies.items()}
    for request, part in reader.replies.items():
        reply = written.get(tag_of(request))
        if reply is not None:
            yield from compare(union_of(reply.kinds), union_of(part.kinds))


def lines(where: str, changes: Iterable[Change]) -> list[str]:
    """Return changes as lines that say in which direction."""
    return [f"{where} {change}" for change in changes]


def by_tag(vocabulary: Vocabulary) -> Mapping[str, object]:
    """Return the types of messages and requests by their names on the wire."""
    kinds = [kind for kind in vocabulary.everything.kinds if is_message(kind)]
    return {str(tag_of(kind)): kind for kind in kinds}


def native(vocabulary: Vocabulary) -> list[Any]:
    """Return the types that are no messages but the codec's own."""
    return [kind for kind in vocabulary.everything.kinds if not is_message(kind)]


def described(vocabulary: Vocabulary, kind: Any) -> object:
    """Return what a type looks like on the wire, in the words of a codec that has its own."""
    ask = getattr(vocabulary.codec, "describe", None)
    return describe(kind) if ask is None or is_message(kind) else ask(kind)


def look(vocabulary: Vocabulary) -> object:
    """Return what one direction looks like on the wire, whatever the order of its types."""
    replies = {
        str(tag_of(request)): looks(vocabulary, part.kinds)
        for request, part in vocabulary.replies.items()
    }
    return [looks(vocabulary, vocabulary.everything.kinds), sorted(replies.items())]


def looks(vocabulary: Vocabulary, kinds: Iterable[Any]) -> list[str]:
    """Return what types look like on the wire, in an order of their own."""
    return sorted(canonical(described(vocabulary, kind)) for kind in kinds)
