"""JsonSchema: the messages of a contract, for those who write the other end by hand.

Source: https://json-schema.org/draft/2020-12/schema
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ._terms import Terms, tag_of


def json_schema(label: str, terms: Terms) -> dict[str, Any]:
    """Return the JSON Schema of all messages: those of each direction, and what answers requests.

    Raises:
        TypeError: a type has no JSON Schema.
    """
    parts = [terms.up.everything, terms.down.everything]
    answers = {**terms.up.replies, **terms.down.replies}
    parts += answers.values()
    kinds = [kind for part in parts for kind in part.kinds]
    # All at once, so that two types of one name get two definitions.
    try:
        places, types = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    except KeyError as error:
        # Not even their full names tell them apart.
        raise TypeError(f"two classes are called {error.args[0].__qualname__}") from None
    found = iter(places)
    up, down, *replies = ([next(found) for _ in part.kinds] for part in parts)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": label,
        "up": either(up),
        "down": either(down),
        "replies": {
            tag_of(request): either(reply) for request, reply in zip(answers, replies, strict=True)
        },
        "$defs": types,
    }


def either(schemas: Sequence[dict[str, Any]]) -> Any:
    """Return the schema of what fits one of ``schemas``; of nothing at all where there are none."""
    return schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)} if schemas else False
