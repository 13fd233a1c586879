"""What counts as JSON, and that both runtimes agree."""

import json

from helpers import error_of

from thinwire.core._compat import loads, loads_whole
from thinwire.core.wire import json_grammar

GOOD = [
    "{}",
    "[]",
    ' \t\r\n{"a" : [ 1 , {} ] } \n',
    '[[], {}, "", "a", true, false, null]',
    "[0, -0, 12, -3.5, 1e3, 1E+3, 0.5e-3]",
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"',
    '"a\\\\"',
    '{"a": "}{][,:"}',
    '"é 😀"',
    # Beside RFC 8259: control characters, and numbers that are none.
    '"a\nb\tc"',
    "[NaN, Infinity, -Infinity]",
]

BAD = [
    "",
    " ",
    "{",
    "[1",
    '"a',
    '"a\\"',
    '"\\',
    '{"a": {}',
    "[1}",
    '{"a": 1]',
    "]",
    "[1]]",
    '{"a" 1}',
    "[1 2]",
    '["a" "b"]',
    "[1,]",
    "[,1]",
    "[1,,2]",
    '{"a": 1,}',
    '{"a"}',
    '{"a":}',
    "{1: 2}",
    "{:}",
    "[:1]",
    '["a": 1]',
    "1, 2",
    "1 2",
    "{} {}",
    "[01]",
    "[1.]",
    "[.5]",
    "[-.5]",
    "[-]",
    "[+1]",
    "[1e]",
    "[1e+]",
    "[1.e5]",
    "[1_0]",
    "[0x1]",
    "[--1]",
    "[True]",
    "[nul]",
    "[nan]",
    "[-NaN]",
    "[1Infinity]",
    '"\\x"',
    '"\\u12"',
    '"\\u12g4"',
    "[1]\x0b",
    "{'a': 1}",
]


def test_what_is_json_passes_and_is_read_the_same_on_both_runtimes():
    for text in GOOD:
        data = text.encode()
        json_grammar.check(data)
        assert repr(loads_whole(data)) == repr(loads(data, 0, len(data))), text
    data = b'{"a":[NaN,-Infinity,{"b":Infinity}],"c":"NaN \\" Infinity"}'
    assert repr(loads(data, 0, len(data))["a"]) == "[nan, -inf, {'b': inf}]"
    assert loads(data, 0, len(data))["c"] == 'NaN " Infinity'


def test_what_is_not_is_refused_on_both():
    for text in BAD:
        error_of(ValueError, json_grammar.check, text.encode())
        error_of(ValueError, loads_whole, bytearray(text.encode()))
    error_of(ValueError, json_grammar.check, b"[\xff]")


def test_a_chunk_may_hold_numbers_that_are_none_behind_bytes_that_are_no_text():
    data = b'{"a": "\xff", "b": NaN}'
    got = loads(data, 0, len(data))
    assert (got["a"], repr(got["b"])) == ("\ufffd", "nan"), got
    for broken in (b"[NaN, x]", b'{"NaN": x}', b'"Infinity'):
        error_of(ValueError, loads, broken, 0, len(broken))


def test_the_numbers_are_put_in_where_no_string_is():
    got = json_grammar.with_numbers(b'[NaN,{"NaN":NaN,"a\\"NaN":[-Infinity]}]', json.loads)
    assert repr(got[0]) == "nan"
    assert repr(got[1]["NaN"]) == "nan"
    assert repr(got[1]['a"NaN']) == "[-inf]"


def test_a_string_of_escapes_is_looked_at_once():
    json_grammar.check(b'"' + b"\\n" * 20000 + b'"')
