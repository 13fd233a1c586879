"""The flight recorder: what went over the wire, bounded, without secrets, as a file."""

import json

from helpers import Scratch, error_of
from streams import ANSWER, DONE, HELLO, KEY, ONCE, STOP, deployments, json_reply, sse, text

from thinwire.core.errors import ConnectError, ReadError, StatusError
from thinwire.core.request.http_request import JSONBody, Request
from thinwire.core.request.sources import TextFile
from thinwire.core.routing.deployment import Deployment
from thinwire.core.sync import Client
from thinwire.core.wire.recorder import FlightRecorder, Recording, Unshared
from thinwire.testing.scripted import ScriptedReply, ScriptedTransport


def recorded(replies, recorder=None, messages=HELLO, deployment=None, calls=1, **options):
    """What is kept of calls; those that fail included."""
    recorder = recorder or FlightRecorder()
    transport = ScriptedTransport(replies)
    place = deployments("a") if deployment is None else {"a": deployment}
    client = Client("a", place, transport=transport, retry=ONCE, recorder=recorder, **options)
    for _ in range(calls):
        try:
            client.chat(messages)
        except (StatusError, ReadError, ConnectError):
            pass
    return recorder.recording().exchanges


def bytes_of(exchange):
    parts = []
    for one in exchange["response"]["arrivals"]:
        hexed = one.get("hex", "")
        raw = bytes([int(hexed[at : at + 2], 16) for at in range(0, len(hexed), 2)])
        parts.append(raw or one["text"].encode())
    return b"".join(parts)


def test_an_attempt_is_kept_with_its_times():
    reply = ScriptedReply([sse(text("a")), 30, sse(STOP), DONE])
    (exchange,) = recorded([reply])
    request = exchange["request"]
    assert (request["method"], request["path"]) == ("POST", "/v1/chat/completions")
    assert request["body"]["messages"] == HELLO
    assert request["body"]["model"] == "a"
    assert ["Authorization", "[redacted]"] in request["headers"]
    answer = exchange["response"]
    assert [one["at_ms"] for one in answer["arrivals"]] == [0, 0, 30, 30, 30]
    assert (answer["ending"], answer["error"], answer["lost_bytes"]) == ("whole", "", 0)
    head, _, body = bytes_of(exchange).partition(b"\r\n\r\n")
    want = b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close"
    assert head == b"HTTP/1.1 200 Recorded\r\n" + want
    first = sse(text("a"))
    assert body.startswith(b"%x\r\n%s\r\n" % (len(first), first))
    assert body.endswith(b"\r\n0\r\n\r\n")


def test_each_ending_is_kept():
    cut = ScriptedReply([sse(text("a")), ReadError("cut")])
    loose = ScriptedReply([ANSWER], framed=False)
    for replies, ending, error, start in (
        ([cut], "eof", "ReadError", b"HTTP/1.1 200"),
        ([ConnectError("refused")], "eof", "ConnectError", b""),
        ([json_reply({"error": {"message": "no"}}, 401)], "whole", "", b"HTTP/1.1 401"),
        ([loose], "whole", "", b"HTTP/1.1 200"),
    ):
        try:
            (exchange,) = recorded(replies)
        except AssertionError:
            raise
        except Exception as raised:  # StreamInterrupted, which holds what came
            assert ending == "eof", raised
            continue
        answer = exchange["response"]
        assert (answer["ending"], answer["error"]) == (ending, error), exchange
        assert bytes_of(exchange).startswith(start)
        assert (b"chunked" in bytes_of(exchange)) == (bool(start) and replies != [loose])


def test_no_secret_is_kept_wherever_it_is_cut():
    reply = sse({"error": {"message": "no such key: " + KEY}})
    for size in (1, 3, len(KEY) - 1, len(KEY) + 1, 1000):
        pieces = [reply[at : at + size] for at in range(0, len(reply), size)]
        headers = {
            "content-length": "9",
            "content-type": "text/event-stream",
            "set-cookie": "a=b",
            "openai-organization": "us",
            "x-echo": KEY,
        }
        (exchange,) = recorded([ScriptedReply(pieces, headers=headers)])
        raw = bytes_of(exchange)
        assert KEY not in json.dumps(exchange), size
        data = b""
        left = raw.partition(b"\r\n\r\n")[2]
        while left and not left.startswith(b"0\r\n"):
            count, _, left = left.partition(b"\r\n")
            data, left = data + left[: int(count, 16)], left[int(count, 16) + 2 :]
        assert data == reply.replace(KEY.encode(), b"*" * len(KEY)), size
        assert b"set-cookie: [redacted]" in raw
        assert b"openai-organization: [redacted]" in raw
        assert b"x-echo: ***" in raw


def test_no_secret_of_the_request_is_kept():
    place = Deployment(
        "https://a.test/v1?sig=0123456789abc&v=1",
        KEY,
        extra_headers={"Cookie": "session=12345678"},
    )
    messages = [{"role": "user", "content": "my key is " + KEY}]
    (exchange,) = recorded([ScriptedReply([ANSWER])], messages=messages, deployment=place)
    shown = json.dumps(exchange)
    for secret in (KEY, "0123456789abc", "12345678"):
        assert secret not in shown
    assert "?sig=[redacted]&v=1" in exchange["request"]["path"]
    assert exchange["request"]["body"]["messages"][0]["content"] == "my key is ***"


def test_a_request_is_kept_short():
    with Scratch(b"x" * 100) as path:
        messages = [{"role": "system", "content": TextFile(path)}]
        messages += [{"role": "user", "content": str(number)} for number in range(50)]
        messages[3]["content"] = "y" * 1000
        messages[-1]["content"] = [{"type": "text", "text": "last"}]
        deep = {"a": None}
        for _ in range(20):
            deep = {"a": deep}
        messages[-1]["more"] = deep
        (exchange,) = recorded([ScriptedReply([ANSWER])], messages=messages)
    kept = exchange["request"]["body"]["messages"]
    assert len(kept) == 25
    assert kept[4] == "[27 more]"
    assert kept[0]["content"] == "[TextFile]"
    assert kept[3]["content"] == "y" * 200 + "...[1000 characters]"
    assert kept[-1]["content"][0]["text"] == "last"
    assert "[dict]" in json.dumps(kept[-1]["more"])


def test_the_oldest_goes_first_and_the_size_holds():
    recorder = FlightRecorder(4096)
    replies = [ScriptedReply([sse(text(word * 100), STOP) + DONE]) for word in "abcdefghij"]
    exchanges = recorded(replies, recorder, calls=10, deployment=Deployment("https://a.test/v1"))
    assert 1 < len(exchanges) < 10
    assert b"jjjj" in bytes_of(exchanges[-1])
    assert len(json.dumps(exchanges)) < 3 * 4096
    recorder.clear()
    assert recorder.recording().exchanges == []
    assert repr(recorder) == "FlightRecorder(0 exchanges, 4096 bytes left)"
    assert repr(recorder.recording()) == "Recording(0 exchanges)"


def test_what_is_left_of_a_long_answer_begins_with_an_event():
    words = [sse(text("word %d" % number)) for number in range(60)]
    (exchange,) = recorded([ScriptedReply(words + [sse(STOP) + DONE])], FlightRecorder(2048))
    answer = exchange["response"]
    assert answer["lost_bytes"] > 1000
    raw = bytes_of(exchange)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"word 59" in body
    assert b"word 0" not in body
    assert body.partition(b"\r\n")[2].startswith(b"data: ")
    # Of one whose events are longer than what is kept, only the end is.
    pieces = [b": " + b"x" * 900, b"x" * 900, b"x" * 900, b"\n\n" + ANSWER]
    (exchange,) = recorded([ScriptedReply(pieces)], FlightRecorder(2048))
    assert b"xx" not in bytes_of(exchange)
    assert b"Hel" in bytes_of(exchange)


def test_bytes_that_are_no_text_are_kept_as_they_came():
    smile = "\U0001f600".encode()
    body = b": " + smile + b"\n\n" + ANSWER
    (exchange,) = recorded([ScriptedReply([body[:4], body[4:]])])
    assert "hex" in json.dumps(exchange)
    raw = bytes_of(exchange)
    assert b": " + smile[:2] + b"\r\n" in raw


def test_a_transport_that_lists_no_headers():
    class Poor(ScriptedTransport):
        async def send(self, request):
            response = await ScriptedTransport.send(self, request)
            response.all_headers = list
            return response

    recorder = FlightRecorder()
    transport = Poor([ScriptedReply([ANSWER])])
    Client("a", deployments("a"), transport=transport, recorder=recorder).chat(HELLO)
    (exchange,) = recorder.recording().exchanges
    assert b"content-type: text/event-stream" in bytes_of(exchange)


def test_a_file_holds_what_is_kept():
    recorder = FlightRecorder()
    recorded([ScriptedReply([ANSWER]), ConnectError("no")], recorder, calls=2)
    with Scratch(b"before") as path:
        recorder.save(path)
        with open(path) as file:
            document = json.loads(file.read())
        assert document["format"] == "thinwire-recording/1"
        assert document["upstream"] == "https://a.test"
        assert document["exchanges"] == recorder.recording().exchanges
        assert len(document["exchanges"]) == 2
        FlightRecorder().save(path)
        with open(path) as file:
            assert json.loads(file.read())["exchanges"] == []
    error_of(OSError, recorder.save, "/no/such/folder/x")


def test_it_is_attached_to_errors_on_request():
    for attach in (False, True):
        told = []
        recorder = FlightRecorder(attach=attach)
        replies = [json_reply({"error": {"message": "no"}}, 500) for _ in range(4)]
        client = Client(
            "a",
            deployments("a", "b"),
            {"a": ["b"]},
            transport=ScriptedTransport(replies),
            retry=ONCE,
            recorder=recorder,
            on_event=lambda event, fields, told=told: told.append(event),
        )
        error = error_of(Exception, client.chat, HELLO)
        assert "attempt_failed" in told
        found = FlightRecorder.of(error)
        assert (found is not None) == attach
        if found is not None:
            assert len(found.exchanges) == 2
            assert isinstance(found, Recording)
            recorder.clear()
            assert len(found.exchanges) == 2
    recorder = FlightRecorder(attach=True)
    client = Client(
        "a",
        deployments("a"),
        transport=ScriptedTransport([json_reply({}, 401)]),
        recorder=recorder,
    )
    error = error_of(StatusError, client.chat, HELLO)
    assert len(error.recording.exchanges) == 1
    assert FlightRecorder.of(None) is None


def test_an_attempt_at_work_is_there_as_it_stands():
    recorder = FlightRecorder()
    transport = ScriptedTransport([ScriptedReply([sse(text("a")), 10, ANSWER])])
    client = Client("a", deployments("a"), transport=transport, recorder=recorder)
    with client.stream(HELLO) as stream:
        next(stream)
        now = recorder.recording()
        recorder.clear()  # it is not forgotten
        assert len(recorder.recording().exchanges) == 1
    (exchange,) = now.exchanges
    assert exchange["response"]["ending"] == "client_gone"
    assert len(exchange["response"]["arrivals"]) == 2


def test_a_size_that_keeps_nothing_is_refused():
    assert "1024" in str(error_of(ValueError, FlightRecorder, 10))


def test_an_attempt_at_work_is_kept_whatever_its_size():
    messages = [{"role": "user", "content": "x" * 199} for _ in range(20)]
    pieces = [sse(text("a")), sse(text("b")), sse(STOP) + DONE]
    recorder = FlightRecorder(1024)
    (exchange,) = recorded([ScriptedReply(pieces)], recorder, messages)
    assert len(exchange["request"]["body"]["messages"]) == 20
    assert b'"stop"' in bytes_of(exchange)
    recorded([ScriptedReply([ANSWER])], recorder)  # and goes with the next one
    assert len(recorder.recording().exchanges) == 1


def test_attempts_that_nobody_ends_do_not_add_up():
    recorder = FlightRecorder(1024)
    replies = [ScriptedReply([sse(text("a")), 10, ANSWER]) for _ in range(40)]
    transport = ScriptedTransport(replies)
    client = Client("a", deployments("a"), transport=transport, recorder=recorder)
    streams = [client.stream(HELLO) for _ in range(40)]
    for stream in streams:
        next(stream)
    assert len(recorder.recording().exchanges) < 4
    for stream in streams:  # those that are forgotten go on
        assert list(stream)[-1].completion.content == "aHello"
    assert len(recorder.recording().exchanges) < 4
    recorder.clear()
    assert repr(recorder) == "FlightRecorder(0 exchanges, 1024 bytes left)"


def test_one_that_is_forgotten_before_its_head_comes():
    recorder = FlightRecorder(1024)
    requests = [Request("POST", "https", "a.test", 443, "/", "a.test", [], None) for _ in "ab"]
    requests[0].body = JSONBody({"model": "m", "text": ["x" * 199] * 5})
    requests[1].body = JSONBody({"model": "m"})
    flights = [recorder.sending(request, 0) for request in requests]
    for flight in flights:
        flight.head(Headless(), 0)
        flight.data(memoryview(b"data: {}\n\n"), 0)
        flight.ended("whole", 0)
    (exchange,) = recorder.recording().exchanges
    assert exchange["request"]["body"] == {"model": "m"}
    recorder.clear()
    assert "1024 bytes left" in repr(recorder)


class Headless:
    status = 200

    def header(self, name):
        return None


def test_a_hook_that_ends_a_call_ends_its_recording():
    def raising(url, document):
        raise KeyError("mine")

    recorder = FlightRecorder()
    transport = ScriptedTransport([])
    client = Client(
        "a", deployments("a"), transport=transport, recorder=recorder, on_request=raising
    )
    error_of(KeyError, client.chat, HELLO)
    (exchange,) = recorder.recording().exchanges
    assert (exchange["response"]["ending"], exchange["response"]["error"]) == (
        "client_gone",
        "KeyError",
    )
    recorder.clear()
    assert recorder.recording().exchanges == []


def test_a_key_of_stars_is_a_key():
    place = Deployment("https://a.test/v1", "*" * 12, "m")
    reply = json_reply({"error": {"message": "no such key: " + "*" * 40}}, status=401)
    (exchange,) = recorded([reply], deployment=place)
    assert b"no such key: " + b"*" * 40 in bytes_of(exchange)


def test_where_there_are_no_threads_nothing_is_locked():
    recorder = FlightRecorder()
    recorder.lock = Unshared()
    (exchange,) = recorded([ScriptedReply([ANSWER])], recorder)
    assert b"Hel" in bytes_of(exchange)


class Short(FlightRecorder):
    # Has no memory for a piece when it is asked for the `place`th time.
    place = 4

    def grew(self, size):
        super().grew(size)
        self.place -= 1
        if not self.place:
            raise MemoryError


def test_where_memory_is_short_the_recording_goes_and_not_the_answer():
    recorder = Short(9000)
    pieces = [sse(text(word)) for word in "abcd"]
    (exchange,) = recorded([ScriptedReply(pieces + [sse(STOP) + DONE])], recorder)
    assert b'"b"' not in bytes_of(exchange)
    assert b"stop" not in bytes_of(exchange).partition(b"\r\n\r\n")[0]
    assert b"[DONE]" in bytes_of(exchange)
    assert exchange["response"]["lost_bytes"] >= 2 * len(pieces[0])
    recorder.clear()
    assert repr(recorder) == "FlightRecorder(0 exchanges, 9000 bytes left)"


def test_where_there_is_none_for_a_request_older_answers_go():
    class Costly(dict):
        left = 1

        def items(self):
            Costly.left -= 1
            if Costly.left == 0:
                raise MemoryError
            return super().items()

    recorder = FlightRecorder()
    recorded([ScriptedReply([ANSWER])], recorder)
    request = Request("POST", "https", "a.test", 443, "/v1", "a.test", [], None)
    request.body = JSONBody(Costly(model="m"))
    recorder.sending(request, 0)
    first, second = recorder.recording().exchanges
    assert b"Hel" not in bytes_of(first)
    assert second["request"]["body"] == {"model": "m"}


def test_a_key_of_stars_ends_nothing():
    place = Deployment("https://a.test/v1", "*" * 9)
    (exchange,) = recorded([json_reply({"error": "*" * 20}, 401)], deployment=place)
    assert b"*" * 20 in bytes_of(exchange)
