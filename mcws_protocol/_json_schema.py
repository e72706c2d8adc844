"""JsonSchema: the messages of a contract, for those who write the other end by hand.

Source: https://json-schema.org/draft/2020-12/schema
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ._message import tag_of
from ._terms import Terms
from ._vocabulary import Part, Vocabulary


def json_schema(label: str, terms: Terms) -> dict[str, Any]:
    """Return the JSON Schema of all messages: those of each direction, and what answers requests.

    Raises:
        TypeError: a type has no JSON Schema.
    """
    directions = {"up": terms.up, "down": terms.down}
    parts = [part for each in directions.values() for part in (each.everything, *answers(each))]
    kinds = [kind for part in parts for kind in part.kinds]
    # All at once, so that two types of one name get two definitions.
    try:
        places, types = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    except KeyError as error:
        # Not even their full names tell them apart.
        raise TypeError(f"two classes are called {error.args[0].__qualname__}") from None
    found = iter(places)
    schemas = iter([either([next(found) for _ in part.kinds]) for part in parts])
    messages: dict[str, Any] = {}
    replies: dict[str, Any] = {}
    for direction, vocabulary in directions.items():
        messages[direction] = next(schemas)
        # By direction, since two requests may have one name if they go different ways.
        replies[direction] = {tag_of(request): next(schemas) for request in vocabulary.replies}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": label,
        **messages,
        "replies": replies,
        "$defs": types,
    }


def answers(vocabulary: Vocabulary) -> Iterable[Part]:
    """Return what answers the requests of one direction."""
    return vocabulary.replies.values()


def either(schemas: Sequence[dict[str, Any]]) -> Any:
    """Return the schema of what fits one of ``schemas``; of nothing at all where there are none."""
    return schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)} if schemas else False
