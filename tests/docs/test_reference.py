"""Reference: the tables, names, bytes and links of the documentation agree with the code."""

from __future__ import annotations

import ast
import asyncio
import builtins
import inspect
import re
import tomllib
import typing
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest

import mcws_client
import mcws_protocol
import mcws_protocol.aio
import mcws_server
import mcws_testkit
import mcws_testkit.strategies
from docs.pages import PAGES, ROOT, Block, anchors, blocks, links, prose, read, spans, table
from mcws_client import Client
from mcws_protocol import (
    Frame,
    Framing,
    Limits,
    McwsError,
    SlowConsumer,
    decode_frame,
    encode_frame,
)
from mcws_protocol import _frames as layout
from mcws_protocol._opening import HELLO, WELCOME
from mcws_server import ConnectedClient, Link, Server
from mcws_testkit import Cable, Host, World

DOCS = ROOT / "docs"
README = ROOT / "README.md"
PUBLIC: dict[str, Any] = {
    name: getattr(package, name)
    for package in (
        mcws_testkit.strategies,
        mcws_testkit,
        mcws_protocol.aio,
        mcws_protocol,
        mcws_server,
        mcws_client,
    )
    for name in package.__all__
}
VARIABLES: dict[str, tuple[Any, ...]] = {
    "client": (ConnectedClient, Client),
    "server": (Server,),
    "limits": (Limits,),
    "link": (Link,),
    "asyncio": (asyncio,),
    "cable": (Cable,),
    "host": (Host,),
    "world": (World,),
}
"""What the lower-case words before a dot stand for in the text."""
NAME = re.compile(r"(?:await )?(?P<name>[A-Za-z]\w*(?:\.\w+)*)(?:\((?P<arguments>.*)\))?")
EXAMPLES = {
    name
    for page in PAGES
    for block in blocks(page)
    if block.language == "python"
    for name in re.findall(r"^class (\w+)", block.text, re.MULTILINE)
} - set(PUBLIC)
"""The classes that programs of the pages define, and that the text may name too."""
VERBS = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
CODE = [(page, span) for page in PAGES for span in spans(prose(page))]


# Names


def has(owner: Any, name: str) -> bool:
    """Whether ``owner`` has ``name``, be it an attribute that only its docstring tells of."""
    return hasattr(owner, name) or f"    {name}:" in (inspect.getdoc(owner) or "")


def resolve(name: str) -> Any:
    """Return what a dotted name of the public API stands for; None where there is no such thing."""
    root, *rest = name.split(".")
    of_python = getattr(builtins, root, None) or getattr(typing, root, None)
    for owner in VARIABLES.get(root, (PUBLIC.get(root, of_python),)):
        for index, part in enumerate(rest):
            if not has(owner, part):
                break
            owner = getattr(owner, part, True)
            if index == len(rest) - 1:
                return owner
        if not rest:
            return owner
    return None


def is_name(span: str) -> bool:
    """Whether a piece of code names something of the public API, or of Python."""
    found = NAME.fullmatch(span)
    # What the original is called with is JavaScript.
    if found is None or "=>" in span or span.endswith((".md", ".py", ".toml")):
        return False
    root, *rest = found["name"].split(".")
    is_class = root[0].isupper() and not root.isupper()
    return is_class or (bool(rest) and root in VARIABLES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_names_exist(page: Path) -> None:
    """Every name of the API in the text of a page is one."""
    named = {span for where, span in CODE if where == page and is_name(span)}
    matches = {span: NAME.fullmatch(span) for span in named}
    names = {span: found["name"] for span, found in matches.items() if found is not None}
    # The package's own names for types are those of its readers too, and so are the directions.
    allowed = {
        "Up",
        "Down",
        "Owner",
        "Connection.data_received",
        "FramingDefaults",
        "HoldingDecoder",
    }
    missing = {span for span, name in names.items() if resolve(name) is None}
    missing -= {span for span in missing if names[span].partition(".")[0] in EXAMPLES}
    assert missing - allowed == set()


def test_limits_that_the_text_names_exist() -> None:
    """Every ``limits.x`` and every ``x=`` of a constructor in the tables is a field of Limits."""
    named = {span.removeprefix("limits.") for _, span in CODE if span.startswith("limits.")}
    assert named <= {field.name for field in fields(Limits)}


def test_files_exist() -> None:
    """Every path that the text names is there."""
    top = {path.name for path in ROOT.iterdir()}
    named = {span for _, span in CODE if "/" in span and span.split("/", 1)[0] in top}
    placeholders = {span for span in named if span.endswith("_x.py")}
    assert {
        span for span in named - placeholders if not (ROOT / span.split("::")[0]).exists()
    } == set()


def test_commands_exist() -> None:
    """Every command that a page tells to type is a verb of the Makefile, installs this or tests."""
    shown = [
        line.split("#")[0].strip()
        for page in PAGES
        for block in blocks(page)
        if block.language == "console"
        for line in block.text.splitlines()
    ]
    shown += [span for _, span in CODE if span.startswith(("make ", "pip ", "python -m "))]
    assert [command for command in shown if not is_command(command)] == []


def is_command(command: str) -> bool:
    """Whether ``command`` can be typed in a checkout."""
    program, *words = command.split()
    if program == "make":
        return words[0] in VERBS
    if program == "python":
        return words[0] == "-m" and find_spec(words[1]) is not None
    if program == "pytest":
        return all(word.startswith(("test_", "--mcws-")) for word in words)
    extras = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    known = {".", *(f'"{name}[{extra}]"' for extra in extras for name in (".", "mcws"))}
    return program == "pip" and words[0] == "install" and words[1] in known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a page of the repository leads to one, and to a heading that it has."""
    for link in links(page):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


# The table of the original

ORIGINAL = """
    new WebSocket()
    onClientConnect(callback)
    onClientDisconnect(callback)
    onClientMessage(callback)
    getConnectedClients()
    getConnectedClients({ index })
    getConnectedClients({ startIndex })
    getConnectedClients({ lastIndex })
    getConnectedClients({ startIndex, lastIndex })
    getConnectedClients({ length })
    broadcast(message)
    broadcast(message, filterFunc)
    listen(port, address, callback)
    constructor(socket)
    getId()
    id
    socket
    onMessage(cb)
    offMessage(cb)
    write(data)
    send(data)
    close([code, reason])
    onClose(cb)
    onError(cb)
    paused
    pause()
    resume()
    metadata
    requestAndWait(client, request, timeout)
"""


def test_table_of_the_original_is_complete() -> None:
    """Every call of the original, and each of its three modes, has a row."""
    rows = [cells[0] for cells in table(README, "original")]
    calls = [span for row in rows for span in spans(row)]
    assert calls == [line.strip() for line in ORIGINAL.splitlines() if line]
    assert {"simplex", "full-duplex"} <= set(rows)
    assert any(row.startswith("half-duplex") for row in rows)


@pytest.mark.parametrize("cells", table(README, "original"), ids=lambda cells: cells[0])
def test_table_of_the_original_names_what_exists(cells: list[str]) -> None:
    """What replaces a call exists and takes the arguments that the table gives it."""
    for span in spans(cells[1]):
        found = NAME.fullmatch(span)
        assert found is not None, span
        target = resolve(found["name"])
        assert target is not None, span
        arguments = set(filter(None, (found["arguments"] or "").split(", ")))
        assert not arguments or arguments <= set(inspect.signature(target).parameters), span


# Limits, errors, wire


def test_limits_table_is_that_of_the_code() -> None:
    """The table has every limit, in order, with its default."""
    rows = {
        cells[0].strip("`"): cells[1].strip("`") for cells in table(DOCS / "limits.md", "limit")
    }
    values = {
        name: resolve(value) if value.startswith("SlowConsumer") else ast.literal_eval(value)
        for name, value in rows.items()
    }
    assert list(values.items()) == [(field.name, field.default) for field in fields(Limits)]


def test_slow_consumer_policies_are_all_named() -> None:
    """Every policy for slow consumers is on the page of limits."""
    text = read(DOCS / "limits.md")
    assert [policy for policy in SlowConsumer if f"`SlowConsumer.{policy.name}`" not in text] == []


def tree(kind: type[McwsError], depth: int = 0) -> list[str]:
    """Return the lines of the tree of errors below ``kind``, with built-in bases."""
    others = [base.__name__ for base in kind.__bases__ if not issubclass(base, McwsError)]
    beside = f" ({', '.join(others)})" if others != ["Exception"] and others else ""
    below = [line for child in kind.__subclasses__() for line in tree(child, depth + 1)]
    return ["    " * depth + kind.__name__ + beside, *below]


def test_error_tree_is_that_of_the_code() -> None:
    """The drawn tree has every error below the right one."""
    [drawn] = [block for block in blocks(DOCS / "errors.md") if block.language == "tree"]
    assert sorted(paths(drawn.text.splitlines())) == sorted(paths(tree(McwsError)))


def paths(lines: list[str]) -> list[str]:
    """Return each line of an indented tree behind all lines above it."""
    branch: list[str] = []
    found: list[str] = []
    for line in lines:
        depth = (len(line) - len(line.lstrip())) // 4
        branch[depth:] = [line.strip()]
        found.append("/".join(branch))
    return found


def test_error_table_has_every_error_with_its_attributes() -> None:
    """The table has every error, with all attributes of its docstrings and none that it lacks."""
    rows = {cells[0].strip("`"): cells[2] for cells in table(DOCS / "errors.md", "error")}
    names = [line.split()[0] for line in tree(McwsError)]
    assert sorted(rows) == sorted(names)
    for name, attributes in rows.items():
        bases = [base for base in PUBLIC[name].__mro__ if issubclass(base, McwsError)]
        known = {attribute for base in bases for attribute in spans_of_docstring(base)}
        source = inspect.getsource(PUBLIC[name])
        told = set(spans(attributes))
        assert known <= told, name
        assert {
            attribute for attribute in told - known if f"self.{attribute} =" not in source
        } == set()


def spans_of_docstring(kind: type[McwsError]) -> list[str]:
    """Return the attributes that the docstring of an error names."""
    text = (inspect.getdoc(kind) or "").partition("Attributes:\n")[2].partition("\n\n")[0]
    return re.findall(r"^    (\w+):", text, re.MULTILINE)


def test_wire_tables_have_every_type_and_flag() -> None:
    """The numbers of types and flags are those of the code, and none is missing."""
    types = {cells[1]: int(cells[0].strip("`"), 16) for cells in table(DOCS / "wire.md", "type")}
    kinds = {one.kind for one in layout.LAYOUTS} | {HELLO, WELCOME}
    assert set(types.values()) == kinds
    flags = {cells[1]: int(cells[0].strip("`"), 16) for cells in table(DOCS / "wire.md", "flag")}
    assert len(flags) == 4
    for name, number in (types | flags).items():
        assert getattr(layout, name) == number, name


def test_close_codes_of_the_table_are_those_an_application_may_use() -> None:
    """``check_close`` takes exactly those codes below 4100 that the page gives to applications."""
    for cells in table(DOCS / "wire.md", "code"):
        code = int(cells[0])
        if code in {1000, 1001, 1008, 1011, 1012, 1013}:
            mcws_protocol.check_close(code, "")
        else:
            with pytest.raises(ValueError, match=r"code must be 1000, 1001, 1008, 1011-1013"):
                mcws_protocol.check_close(code, "")


# Bytes

HEX = [block for page in PAGES for block in blocks(page) if block.language == "hex"]


def shown_bytes(block: Block) -> bytes:
    """Return the bytes of a block, which stand before what is said about them."""
    lines = block.text.splitlines()[1:]
    return b"".join(bytes.fromhex(re.split(r" {2,}", line)[0]) for line in lines)


def framed(block: Block) -> tuple[Framing, bytes] | None:
    """Return the framing and the payload that a block is about; None if it shows a frame."""
    meant: object = eval(block.text.splitlines()[0], dict(PUBLIC))
    return cast("tuple[Framing, bytes]", meant) if isinstance(meant, tuple) else None


def frame(block: Block) -> Frame:
    """Return the frame that a block is about."""
    return cast("Frame", eval(block.text.splitlines()[0], dict(PUBLIC)))


@pytest.mark.parametrize("block", HEX, ids=lambda block: block.place)
def test_bytes_are_what_the_code_makes(block: Block) -> None:
    """A frame, or a payload in a framing, is encoded to the bytes that the page shows."""
    meant = framed(block)
    made = encode_frame(frame(block)) if meant is None else meant[0].encode(meant[1])
    assert made == shown_bytes(block)


@pytest.mark.parametrize("block", HEX, ids=lambda block: block.place)
def test_bytes_are_read_as_what_they_are(block: Block) -> None:
    """The bytes that the page shows are decoded to the frame or payload above them."""
    meant, data = framed(block), shown_bytes(block)
    if meant is None:
        assert int.from_bytes(data[:4], "big") == len(data) - 4
        assert decode_frame(data[4], data[5], data[6:]) == frame(block)
    else:
        framing, payload = meant
        assert framing.decoder(frame_bytes_max=1024).feed(data) == [payload]


def test_every_framing_is_shown_in_bytes() -> None:
    """Each built-in framing that makes bytes of its own has an example."""
    shown = {type(meant[0]).__name__ for meant in map(framed, HEX) if meant is not None}
    named = {
        spans(cells[0])[0].partition("(")[0] for cells in table(DOCS / "framing.md", "framing")
    }
    assert named == shown | {"Chunks"}
    assert named == {name for name, one in PUBLIC.items() if is_framing(one)}


def is_framing(one: object) -> bool:
    """Whether ``one`` is the class of a built-in framing."""
    members = {"encode", "check", "decoder"}
    return isinstance(one, type) and members <= set(vars(one)) and not is_protocol(one)


def is_protocol(one: type) -> bool:
    """Whether ``one`` only says what others shall have."""
    return getattr(one, "_is_protocol", False)


# What has to be complete

CITING = ("mcws_protocol", "mcws_server", "mcws_client", "tests", "examples", "benchmarks")


def test_changelog_explains_every_dependency() -> None:
    """Each dependency, extra and tool of the project has a line that says why."""
    project = tomllib.loads(read(ROOT / "pyproject.toml"))
    declared = [
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
        *(one for group in project["dependency-groups"].values() for one in group),
    ]
    names = {re.split(r"[^\w-]", one)[0] for one in declared if isinstance(one, str)}
    section = read(ROOT / "CHANGELOG.md").partition("### Dependencies")[2]
    assert {name for name in names if f"`{name}`" not in section} == set()


@pytest.mark.parametrize(("page", "word"), [("wire.md", "WIRE"), ("faults.md", "FAULTS")])
def test_sections_that_the_code_cites_exist(page: str, word: str) -> None:
    """Each number of a page that a docstring or comment cites is on that page."""
    sources = [path for part in CITING for path in (ROOT / part).rglob("*.py")]
    cited = {
        number
        for path in sources
        for numbers in re.findall(rf"\b{word} (\d+(?:(?:, | and | to )\d+)*)", read(path))
        for number in re.findall(r"\d+", numbers)
    }
    there = set(re.findall(r"^(?:## |\| )(\d+)", read(DOCS / page), re.MULTILINE))
    assert cited - there == set()


def test_decisions_are_all_listed() -> None:
    """The list of decisions links to every page of them, and each has the four parts."""
    folder = DOCS / "adr"
    pages = {page.name for page in folder.glob("0*.md")}
    assert set(links(folder / "README.md")) == pages
    for page in pages:
        parts = re.findall(r"^## (.+)$", read(folder / page), re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequences", "Rejected"], page


@pytest.mark.parametrize("package", ["mcws_protocol", "mcws_server", "mcws_client"])
def test_architecture_names_every_file(package: str) -> None:
    """Each module of a package has a row that says what it owns."""
    text = read(DOCS / "architecture.md")
    modules = [path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("_[a-z]*.py")]
    assert [name for name in modules if f"| `{name}` |" not in text] == []


def test_readme_links_to_every_page() -> None:
    """Every page of the documentation can be reached from the README or the list of decisions."""
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in (README, DOCS / "adr" / "README.md")
        for link in links(page)
    }
    assert {page for page in PAGES if page != README and page not in linked} == set()


def test_every_fault_has_a_test_that_exists() -> None:
    """Each row of the page of faults names a test, and the test is there."""
    page = (DOCS / "faults.md").read_text()
    rows, named = page.split("## The test of each row")
    numbers = re.findall(r"^\| (\d+) \|", rows, re.MULTILINE)
    tests = re.findall(r"^\| (\d+) \| `(\S+)::(\w+)` \|$", named, re.MULTILINE)
    assert [number for number, _, _ in tests] == numbers
    for _, path, name in tests:
        assert f"def {name}(" in (DOCS.parent / path).read_text(), name
