"""The command of mcws_protocol: what a contract looks like, and what a new version would break."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from mcws_protocol import UNTYPED, Contract

ABOUT: Final = "Look at contracts: what a new version would break, and what messages look like."

EXAMPLES: Final = """\
A contract is named by its module and its name there, as Python imports them from this folder.

examples:
  python -m mcws_protocol check  shop_v1:contract shop.messages:contract
  python -m mcws_protocol schema shop.messages:contract > shop.json
"""

# As of other tools that compare: 1 says that a change breaks, 2 that there was nothing to compare.
BREAKS: Final = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parse(arguments)
    return check(options.old, options.new) if options.verb == "check" else schema(options.contract)


def check(old: Contract[Any, Any], new: Contract[Any, Any]) -> int:
    """Print what keeps clients and servers of two versions apart; return 1 if anything does.

    Clients of the old version have to be able to talk to servers of the new one. The reverse is
    told too, but breaks nothing: it says that servers have to be deployed first.
    """
    changes = new.changes(old)
    for change in changes:
        print(f"breaks: {change}")
    for obstacle in new.obstacles(old):
        if obstacle not in changes:
            print(f"servers first: {obstacle}")
    verdict = "does not accept" if changes else "accepts"
    print(f"{new.label} {verdict} {old.label}")
    return BREAKS if changes else 0


def schema(contract: Contract[Any, Any]) -> int:
    """Print the JSON Schema of all messages of ``contract``."""
    print(json.dumps(contract.schema(), indent=2, sort_keys=True))
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line says; end the program if it says nothing sensible."""
    parser = argparse.ArgumentParser(
        prog="python -m mcws_protocol",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="check | schema")
    checking = verbs.add_parser("check", help="say what a new version breaks; 1 if anything")
    checking.add_argument("old", type=contract_at, help="module:name of the version in use")
    checking.add_argument("new", type=contract_at, help="module:name of the version to come")
    showing = verbs.add_parser("schema", help="print the JSON Schema of all messages")
    showing.add_argument("contract", type=contract_at, help="module:name of the contract")
    return parser.parse_args(arguments)


def contract_at(where: str) -> Contract[Any, Any]:
    """Return the contract that ``module:name`` names.

    Raises:
        argparse.ArgumentTypeError: there is none; it says what is there instead.
    """
    module, _, name = where.partition(":")
    if not module or not name:
        raise argparse.ArgumentTypeError(f"expected module:name, not {where!r}")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    # Whatever the module raises while it is imported, the user has to see what it was; and a script
    # that ends itself must not end the command as if nothing broke.
    except (Exception, SystemExit) as error:
        problem = f"{type(error).__name__}: {error}"
        raise argparse.ArgumentTypeError(f"cannot import {where}: {problem}") from None
    if not issubclass(type(found), Contract):
        problem = f"{where} is no contract but a {type(found).__name__}"
        raise argparse.ArgumentTypeError(problem)
    if found is UNTYPED:
        raise argparse.ArgumentTypeError(f"{where} stands for no contract: it has no messages")
    contract: Contract[Any, Any] = found
    return contract


if __name__ == "__main__":
    sys.exit(main())
