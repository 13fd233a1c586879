"""What an error says beside what went wrong: the address that was asked, the setting that would
have helped, what the server said meanwhile."""

from streams import HELLO, KEY, ONCE, json_reply, play

from thinwire.core.errors import (
    ConnectError,
    ReadError,
    StatusError,
    TransportTimeout,
    certificate_error,
)
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import Timeouts
from thinwire.core.sync import Client
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport

ASKED = " (asked: POST https://a.test/v1/chat/completions)"


def failing(reply, base_url="https://a.test/v1", **options):
    models = {"a": Deployment(base_url, KEY, allow_insecure_http=True)}
    transport = ScriptedTransport([reply])
    client = Client("a", models, transport=transport, retry=ONCE, **options)
    try:
        client.chat(HELLO)
    except Exception as error:
        return error
    assert False, "nothing was raised"


def test_no_key_in_the_headers_of_an_error():
    headers = {"x-request-id": "of " + KEY, "x-echo": "Bearer " + KEY, "retry-after": "0"}
    error = failing(json_reply({"error": "no"}, 401, headers), keep_headers="all")
    assert error.request_id == "of ***"
    assert error.headers["x-echo"] == "***"
    assert error.headers["retry-after"] == "0"
    assert KEY not in repr(error.headers)


# What happens, then whether the error says where.
PLACES = [
    (json_reply({"error": "no"}, 404), True),
    (json_reply({"error": "no"}, 405), True),
    (json_reply({"error": {"message": "no", "code": 404}}), True),
    (ScriptedReply([b"404 page not found"], 404), True),
    (ConnectError("refused"), True),
    (certificate_error("not ours"), True),
    (TransportTimeout("slow", "connect"), True),
    (TransportTimeout("slow", "write"), False),
    (json_reply({"error": "no"}, 400), False),
    (json_reply({"error": "no"}, 500), False),
    (ReadError("cut"), False),
]


def test_where_nothing_was_found_the_error_names_the_address():
    for reply, says in PLACES:
        error = failing(reply)
        assert (ASKED in str(error)) == says, (reply, error)
        assert str(error).count("asked: ") <= 1


def test_an_address_is_shown_without_its_query_and_without_the_key():
    url = "http://h:8080/%s/v1?token=abcdefgh-secret" % KEY
    for reply in (json_reply({"error": "no"}, 404), ConnectError("refused")):
        error = failing(reply, url)
        assert str(error).endswith(" (asked: POST http://h:8080/***/v1/chat/completions)"), error


def test_the_same_error_twice_says_it_once():
    error = ConnectError("refused")
    for _ in range(2):
        assert str(failing(error)) == "refused" + ASKED


# Limits, pieces of the body, then what the error names.
KNOBS = [
    ({"first_token": 1}, [2000], "Timeouts(first_token=...)"),
    ({"liveness": 1}, [2000], "Timeouts(liveness=...)"),
    ({"total": 1}, [2000], "Timeouts(total=...)"),
]


def test_a_clock_that_ran_out_names_its_setting():
    for limits, pieces, knob in KNOBS:
        error = failing(ScriptedReply(pieces), timeouts=Timeouts(**limits))
        assert isinstance(error, TransportTimeout), error
        assert knob + " sets this limit" in str(error), error


# What comes before the first token, then what is told of it.
COMMENTS = [
    ([b": keepalive 1/10\n", b": keepalive 9/10\n"], "keepalive 9/10"),
    ([b":", b"loading\r\n"], "loading"),
    ([b": " + b"x" * 500 + b"\n"], "x" * 79),
    ([b": \xff\n"], "\ufffd"),
    ([b": key " + KEY.encode() + b"\n"], "key ***"),
]


def test_the_servers_own_progress_is_told():
    for pieces, told in COMMENTS:
        error = failing(ScriptedReply(list(pieces) + [20000]))
        assert str(error).endswith("; the server's last comment: " + told), (pieces, error)
    for pieces in ([], [b"event: x\n\n"], [b":\n"]):
        assert "comment" not in str(failing(ScriptedReply(pieces + [20000]))), pieces


def test_what_a_server_said_before_its_answer_is_no_reason_later():
    got = play(
        [ScriptedReply([b": hm\n", b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n', 10**6])]
    )
    assert "comment" not in str(got.error), got.error


def test_a_status_error_keeps_its_kind_whatever_the_address():
    error = failing(json_reply({"error": "The model `x` does not exist"}, 404))
    assert isinstance(error, StatusError)
    assert error.kind == "model_not_found"
