from __future__ import annotations

import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.xmp.tree import MAX_BYTES, Element, parse


def _raw(data: bytes, element: Element) -> tuple[bytes, bytes]:
    return data[element.start : element.end], data[element.inner : element.inner_end]


def test_elements_know_where_they_stand() -> None:
    data = "<a:r xmlns:a='n'><!-- é > --><b c='>'/><a:d >x<b></b>y</a:d ></a:r>".encode()
    root = parse(data)
    assert (root.name, root.tag, root.closed) == ("{n}r", "a:r", False)
    closed, full = root.children
    assert _raw(data, root) == (data, data[data.index(b"<!--") : data.rindex(b"</a:r>")])
    assert _raw(data, closed) == (b"<b c='>'/>", b"")
    assert _raw(data, full) == (b"<a:d >x<b></b>y</a:d >", b"x<b></b>y")
    assert (closed.closed, full.closed, full.children[0].closed) == (True, False, False)
    assert (closed.attributes["c"], full.text) == (">", "xy")


@given(st.recursive(st.just(()), lambda child: st.lists(child, max_size=4).map(tuple)))
def test_pieces_make_up_the_whole(shape: tuple[object, ...]) -> None:
    def written(node: object) -> str:
        assert isinstance(node, tuple)
        return "<a/>" if not node else f"<a>{''.join(map(written, node))}</a>"

    def shape_of(element: Element) -> tuple[object, ...]:
        return tuple(map(shape_of, element.children))

    data = written(shape).encode()
    root = parse(data)
    assert shape_of(root) == shape
    assert (root.start, root.end) == (0, len(data))


def test_the_stated_encoding_is_not_believed() -> None:
    data = "<?xml version='1.0' encoding='iso-8859-1'?><a>é</a>".encode()
    assert parse(data).text == "é"


_LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">'
    b'<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]><a>&d;</a>'
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (_LAUGHS, "document type or entities"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type or entities"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "document type"),
        (b"<a>" * 200_000, "nested more than 50 deep"),
        (b"<r>" + b"<a/>" * 100_000 + b"</r>", "more than 20,000 elements"),
        (b"<r>" + b" " * MAX_BYTES + b"</r>", "more than 1,048,576 bytes"),
        (b"", "not XML"),
        (b"<a>", "not XML"),
        (b"<a></b>", "not XML"),
        (b"<a>&lol;</a>", "not XML"),
        (b"\xff\xfe<\0a\0/\0>\0", "not XML"),
        (b"<a>\xff</a>", "not XML"),
        (b"<a>\0</a>", "not XML"),
        (b"<a b='1' b='2'/>", "not XML"),
        (b"<x:a/>", "not XML"),
    ],
)
def test_what_is_no_xmp_is_refused_in_words(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_tree_or_an_input_error(data: bytes) -> None:
    for document in (data, b"<a>" + data + b"</a>"):
        with suppress(InputError):
            parse(document)


def test_the_largest_file_takes_bounded_memory() -> None:
    data = b"<r>" + b"<a b='c'>d</a>" * 15_000 + b"</r>"
    tracemalloc.start()
    assert len(parse(data).children) == 15_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * 2**20
