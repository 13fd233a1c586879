import json

from helpers import error_of, read_all
from streams import deployments

from thinwire.core.dialects import openai
from thinwire.core.request.call import Call
from thinwire.core.request.raw_call import RawCall


class Messages:
    # A re-iterable, e.g. a conversation in a file.
    def __init__(self, count=2):
        self.count = count

    def __iter__(self):
        return iter([{"role": "user", "content": str(i)} for i in range(self.count)])


class Sized(Messages):
    def __len__(self):
        return self.count


class Rows:
    # The old way to be iterable.
    def __getitem__(self, index):
        if index:
            raise IndexError
        return {"role": "user", "content": "x"}


def sent(call):
    return json.loads(read_all(openai.request(deployments("a")["a"], "a", call).body))


MESSAGES = [{"role": "user", "content": "0"}, {"role": "user", "content": "1"}]


def test_messages_may_be_any_iterable():
    for messages in (
        MESSAGES,
        tuple(MESSAGES),
        Messages(),
        Sized(),
        iter(MESSAGES),
        (one for one in MESSAGES),
        map(dict, MESSAGES),
    ):
        got = sent(Call(messages))["messages"]
        assert got == MESSAGES, got
    assert sent(Call(Rows()))["messages"] == [{"role": "user", "content": "x"}]


def test_messages_of_another_type_are_refused():
    for messages in (b"Hello", bytearray(b"x"), MESSAGES[0], None, 3):
        error = error_of(TypeError, Call, messages)
        assert "messages must be a list of dicts" in str(error), error


def test_a_text_is_what_the_user_says():
    for text in ("Hello", ""):
        call = Call(text)
        assert call.messages == [{"role": "user", "content": text}]
        assert call.counts()[0] == 1


def test_a_header_that_cannot_be_sent_is_refused_at_once():
    error = error_of(ValueError, Call, [], extra_headers={"X-Key": "secret\n"})
    assert "X-Key" in str(error), error
    assert "secret" not in str(error), error
    error_of(ValueError, Call, [], extra_headers={"X Key": "a"})


# Messages and tools, then what the log says about their number.
COUNTS = [
    ([], None, (0, 0)),
    (MESSAGES, [], (2, 0)),
    (tuple(MESSAGES), [{}], (2, 1)),
    (Sized(5), None, (5, 0)),
    (Messages(), None, (-1, 0)),
    (iter(MESSAGES), None, (-1, 0)),
]


def test_messages_are_counted_where_that_takes_no_walk():
    for messages, tools, want in COUNTS:
        got = Call(messages, tools).counts()
        assert got == want, (messages, got)


def test_nothing_is_known_about_a_raw_body():
    assert RawCall(iter([])).counts() == (-1, -1)


def test_parameters_that_are_none_are_left_out():
    got = sent(Call([], None, {"temperature": 0, "stop": None, "seed": None}))
    assert got["temperature"] == 0
    assert "stop" not in got
    assert "seed" not in got
