"""Labels: how a contract is called in the opening, and what cannot be one."""

from __future__ import annotations

import pytest

from mcws_protocol._label import Label, check_name, parse_label

DIGITS = "0123456789abcdef"
VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
ALLOWED = VISIBLE.replace("/", "").replace(":", "")


@pytest.mark.parametrize(
    "label",
    [
        Label("thermo", 1, DIGITS),
        Label("a", 0xFFFF_FFFF, DIGITS),
        Label("x" * 64, 42, DIGITS),
        Label(ALLOWED[:64], 1, DIGITS),
        Label(ALLOWED[64:], 1, DIGITS),
    ],
    ids=str,
)
def test_label_comes_back(label: Label) -> None:
    """What one end writes the other one reads."""
    check_name(label.name, label.version)
    assert parse_label(str(label)) == label


@pytest.mark.parametrize(
    "text",
    [
        "",
        "thermo",
        "thermo/1",
        f"/1:{DIGITS}",
        f"thermo/:{DIGITS}",
        f"thermo/0:{DIGITS}",
        f"thermo/01:{DIGITS}",
        f"thermo/-1:{DIGITS}",
        f"thermo/12345678901:{DIGITS}",
        f"thermo/\u0661:{DIGITS}",
        f"thermo/1:{DIGITS[:15]}",
        f"thermo/1:{DIGITS}0",
        f"thermo/1:{DIGITS.upper()}",
        f"ther mo/1:{DIGITS}",
        f"ther/mo/1:{DIGITS}",
        f"thérmo/1:{DIGITS}",
        f"{'x' * 65}/1:{DIGITS}",
        f" thermo/1:{DIGITS}",
        f"thermo/1:{DIGITS}\n",
    ],
)
def test_parse_label_of_what_is_none(text: str) -> None:
    """What no end of ours writes is no label, whatever a peer sends."""
    assert parse_label(text) is None


def test_label_shows_as_it_travels() -> None:
    """A label is its name, its version and its fingerprint."""
    assert str(Label("thermo", 2, DIGITS)) == f"thermo/2:{DIGITS}"


@pytest.mark.parametrize(
    ("other", "are_equal"),
    [
        (Label("thermo", 1, "aa"), True),
        (Label("thermo", 2, "aa"), True),
        (Label("thermo", 1, "bb"), False),
        (Label("hydro", 1, "aa"), False),
    ],
)
def test_label_equals(other: Label, are_equal: bool) -> None:
    """Two versions of one name that look the same on the wire are the same contract."""
    assert Label("thermo", 1, "aa").equals(other) is are_equal
    assert other.equals(Label("thermo", 1, "aa")) is are_equal


@pytest.mark.parametrize(
    ("other", "is_older"),
    [
        (Label("thermo", 3, "bb"), True),
        (Label("thermo", 2, "bb"), False),
        (Label("thermo", 1, "bb"), False),
        (Label("hydro", 3, "bb"), False),
    ],
)
def test_label_is_older(other: Label, is_older: bool) -> None:
    """Only a higher version of the same name is younger."""
    assert Label("thermo", 2, "aa").is_older(other) is is_older


@pytest.mark.parametrize("name", ["", "x" * 65, "a/b", "a:b", "a b", "ä", "a\n", "\x7f"])
def test_check_name_out_of_bounds_raises(name: str) -> None:
    """A name that would not come back from a label is a ``ValueError`` that shows it."""
    with pytest.raises(ValueError, match=r"^name must be 1 to 64 printable ASCII") as caught:
        check_name(name, 1)
    assert str(caught.value).endswith(f"without / and :, not {name!r}")


@pytest.mark.parametrize("name", [None, b"thermo", 1])
def test_check_name_of_another_type_raises(name: object) -> None:
    """A name is text."""
    with pytest.raises(TypeError, match=r"^name must be a str, not "):
        check_name(name, 1)


@pytest.mark.parametrize("version", [0, -1, 1 << 32])
def test_check_name_version_out_of_bounds_raises(version: int) -> None:
    """A version is 1 to what four bytes hold."""
    with pytest.raises(ValueError, match=f"^version must be 1 to 4294967295, not {version}$"):
        check_name("thermo", version)


@pytest.mark.parametrize("version", [True, 1.0, "1", None])
def test_check_name_version_of_another_type_raises(version: object) -> None:
    """A version is an integer, which ``True`` is not meant as."""
    with pytest.raises(TypeError, match=f"^version must be an int, not {version!r}$"):
        check_name("thermo", version)
