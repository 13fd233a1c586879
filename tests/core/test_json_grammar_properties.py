"""The grammar is that of CPython's parser, whatever is broken in a text."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from thinwire.core.wire import json_grammar

_PARSER = json.JSONDecoder(strict=False)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
_PIECES = st.sampled_from([*'{}[],:"\\ \n01.-+eEuNa', "null", "Infinity", "NaN"])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_VALUES, st.booleans(), st.integers(0, 60), st.integers(0, 3), _PIECES)
def test_a_text_passes_when_the_parser_reads_it(
    value: object, escaped: bool, at: int, lost: int, piece: str
) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    at = min(at, len(text))
    for one in (text, text[:at] + text[at + lost :], text[:at] + piece + text[at + lost :]):
        data = one.encode("utf-8", "surrogatepass")
        try:
            _PARSER.decode(one)
        except ValueError:
            passes = False
        else:
            passes = True
        try:
            json_grammar.check(data)
        except ValueError:
            assert not passes, one
        else:
            assert passes, one
