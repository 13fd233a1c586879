"""The bench beside peers: its server answers, all are told the same, and its page says what was
measured. No figure decides anything here.
"""

import dataclasses
import json
import re
import socket
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import lines, page, plots
from bench.figures import Figure, beyond, figure, ratio
from bench.goals import GOALS, Goal
from bench.legs import BARE, LEGS, Leg, named
from bench.markers import replaced
from bench.measures import MEASURES, Measure, Sample
from bench.peers import Answer
from bench.processes import Failed, Process
from bench.results import Result
from bench.running import runner
from bench.server import NoCompiler, Server, running
from bench.worker import digest


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    try:
        with running(tmp_path_factory.mktemp("bench")) as found:
            yield found
    except NoCompiler as problem:
        pytest.skip(str(problem))


def _exchange(server: Server, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for byte in range(0, len(request), 7):  # cut anywhere
            connection.sendall(request[byte : byte + 7])
        answer = b""
        while not answer.endswith((b"\r\n0\r\n\r\n", b"}}", b"}")):
            piece = connection.recv(65536)
            assert piece, answer
            answer += piece
        return answer


def _body(answer: bytes) -> bytes:
    # Each HTTP chunk is one event.
    _, _, rest = answer.partition(b"\r\n\r\n")
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        if not int(size, 16):
            assert rest == b"\r\n"
            return body
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]


def _chunks(answer: bytes) -> list[dict[str, object]]:
    events = _body(answer).split(b"\n\n")
    assert events[-2:] == [b"data: [DONE]", b""]
    return [json.loads(event.removeprefix(b"data: ")) for event in events[:-2]]


def _request(path: str, framing: str, body: bytes) -> bytes:
    return f"POST /{path}/v1/chat/completions HTTP/1.1\r\n{framing}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        ("content-length: 4", b"{\r\n}"),
        ("Transfer-Encoding: chunked", b"3\r\n{\r\n\r\n1;x=y\r\n}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"4\r\n{\r\n}\r\n0\r\nTrailer: yes\r\n\r\n"),
    ],
)
def test_the_server_reads_a_body_however_it_comes(
    server: Server, framing: str, body: bytes
) -> None:
    before = server.stats()
    answer = _exchange(server, _request("text-3-0-0", framing, body))
    after = server.stats()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert after["body_bytes"] - before["body_bytes"] == 4
    assert after["requests"] - before["requests"] == 2  # with the first question for stats


@pytest.mark.parametrize("kind", ["text", "padded"])
@pytest.mark.parametrize(("interval_us", "wait_us"), [(0, 0), (1000, 0), (0, 1000), (500, 500)])
def test_the_server_says_as_many_words_as_it_is_asked_for(
    server: Server, kind: str, interval_us: int, wait_us: int
) -> None:
    answer = _exchange(
        server, _request(f"{kind}-40-{interval_us}-{wait_us}", "Content-Length: 0", b"")
    )
    chunks = _chunks(answer)
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]  # type: ignore[attr-defined]
    words = [delta["content"] for delta in deltas if delta.get("content")]
    assert len(words) == 40
    assert {'"', "\n", "é"} <= set("".join(words))
    assert ("obfuscation" in chunks[1]) == (kind == "padded")
    assert chunks[-1]["usage"]["completion_tokens"] == 40  # type: ignore[index]


def test_padded_chunks_are_of_one_length(server: Server) -> None:
    answer = _exchange(server, _request("padded-40-0-0", "Content-Length: 0", b""))
    events = _body(answer).split(b"\n\n")[1:41]
    assert len({len(event) for event in events}) == 1


def test_the_servers_tool_call_is_json(server: Server) -> None:
    chunks = _chunks(_exchange(server, _request("tools-40-0-0", "Content-Length: 0", b"")))
    parts = [
        call["function"]["arguments"]
        for chunk in chunks
        for choice in chunk["choices"]  # type: ignore[attr-defined]
        for call in choice["delta"].get("tool_calls", ())
    ]
    assert len(parts) == 41  # the first names the function
    assert "wire" in json.loads("".join(parts))["text"]


@pytest.mark.parametrize("path", ["nothing", "text-1-0-0", "words-5-0-0", "text-5-0"])
def test_the_server_knows_what_it_does_not_have(server: Server, path: str) -> None:
    answer = _exchange(server, _request(path, "Content-Length: 0", b""))
    assert answer.startswith(b"HTTP/1.1 404 ")


def _take(process: Process, server: Server) -> Sample:
    seen = process.do("cost", url=server.url("text", 40), shape="small", turns=2)
    tools = process.do("cost", url=server.url("tools", 40), shape="small", turns=1, tools=True)
    process.do("first", url=server.url("text", 2), shape="small", turns=1)
    return Sample(seen["cpu"], " ".join((seen["said"], tools["said"])).strip())


def _measure(take: object = _take, **changes: object) -> Measure:
    fields = {"rounds": 1, "warm": False, **changes}
    return Measure("small turn", "us", "a turn", "turns", take, **fields)  # type: ignore[arg-type]


# In the environment of the tests, where thinwire and httpx are.
HERE = [
    dataclasses.replace(leg, environment=BARE)
    for leg in LEGS
    if leg.ours or leg.name in ("httpx", "reference", "kernel")
]


def test_all_legs_are_told_the_same(server: Server) -> None:
    legs = [leg for leg in HERE if leg.available()]
    with runner(legs, server, None) as run:
        result = run.run(_measure(), quick=False)
    assert result.failures == {}
    assert list(result.values) == [leg.name for leg in legs]
    assert all(values[0] > 0 for values in result.values.values())
    assert len(legs) >= 5


def test_many_streams_and_memory_are_measured(server: Server) -> None:
    def take(process: Process, server: Server) -> Sample:
        streams = process.do("streams", url=server.url("text", 5), count=8)
        held = server.url("text", 2, 60_000_000)
        idle = process.do("idle", url=held, few=2, many=4)
        peak = process.do("peak", url=server.url("text", 5), shape="messages")
        made = process.do("construct", url=server.url("text", 5), count=2)
        assert 0 < streams["first"] <= streams["last"]
        assert idle["bytes"] >= 0
        assert made["cpu"] >= 0
        return Sample(peak["bytes"], streams["said"])

    legs = [leg for leg in HERE if leg.name in ("thinwire-httpx", "reference")]
    with runner(legs, server, None) as run:
        result = run.run(_measure(take), quick=False)
    assert result.failures == {}
    assert all(values[0] > 0 for values in result.values.values())


def test_a_leg_that_fails_says_why_and_the_others_go_on(server: Server) -> None:
    def take(process: Process, server: Server) -> Sample:
        return Sample(process.do("cost", url=wrong, shape="small", turns=1)["cpu"])

    wrong = f"http://127.0.0.1:{server.port}/nothing/v1"
    others = [leg for leg in HERE if leg.name in ("httpx", "reference", "kernel")]
    with runner([Leg("nobody", "nobody", BARE), *others], server, None) as run:
        result = run.run(_measure(take), quick=False)
    assert "No module named" in result.failures["nobody"]
    assert all("404" in result.failures[leg.name] for leg in others)


def test_who_is_told_less_ends_the_run(server: Server) -> None:
    def take(process: Process, server: Server) -> Sample:
        return Sample(1, process.leg.name)

    with runner(HERE, server, None) as run, pytest.raises(ValueError, match="told the same"):
        run.run(_measure(take), quick=False)


def test_streams_that_do_not_stay_open_have_no_memory(server: Server) -> None:
    process = Process(HERE[0], None)
    try:
        with pytest.raises(Failed, match="opens only"):
            process.do("idle", url=server.url("text", 2), few=2, many=4)
    finally:
        process.end()


def test_a_program_that_fails_says_why() -> None:
    with pytest.raises(Failed, match="ZeroDivisionError"):
        Process(HERE[0], None).program("1 / 0")


def test_deltas_have_to_be_the_text() -> None:
    assert digest(Answer("ab"), ["a", "b", "a", "b"], 2) == digest(Answer("ab"), ["ab"], 1)
    assert digest(Answer(None), [], 1) == ""
    assert digest(Answer("", '{"a": 1}'), [], 1) == digest(Answer(None, {"a": 1}), [], 1)
    with pytest.raises(ValueError, match="not the text"):
        digest(Answer("ab"), ["a"], 1)


def test_a_figure_is_the_median_and_where_half_of_the_samples_are() -> None:
    assert figure([3.0]) == Figure(3.0, 3.0, 3.0)
    assert figure([9.0, 1.0, 2.0]) == Figure(2.0, 1.0, 9.0)
    assert figure([5.0, 1.0, 2.0, 3.0, 100.0]) == Figure(3.0, 2.0, 5.0)
    with pytest.raises(ValueError, match="no samples"):
        figure([])


def test_ratios_are_taken_round_by_round() -> None:
    # The third round was slow for both, the ratio does not see it.
    assert ratio([1.0, 1.0, 10.0], [2.0, 2.0, 20.0]) == Figure(0.5, 0.5, 0.5)
    assert beyond([1.5, 2.5], [0.5, 1.0]) == [1.0, 1.5]


def test_the_floor_is_taken_off_where_the_unit_says_so() -> None:
    first = next(measure for measure in MEASURES if measure.name == "first token")
    samples = {"exoclaw": [Sample(2.0), Sample(3.0)], "kernel": [Sample(0.5), Sample(1.0)]}
    result = Result.of(first, samples, {}, 1, 0.1)
    assert result.values == {"exoclaw": [1.5, 2.0]}
    with pytest.raises(ValueError, match="needs the leg kernel"):
        Result.of(first, {"exoclaw": [Sample(2.0)]}, {}, 1, 0.1)


def test_goals_name_what_there_is() -> None:
    measures = {measure.name for measure in MEASURES}
    legs = {leg.name for leg in LEGS} | {""}
    assert {goal.measure for goal in GOALS} <= measures
    assert {name for goal in GOALS for name in (goal.leg, goal.peer)} <= legs
    assert len(measures) == len(MEASURES)


RESULT = Result(
    "receive",
    "us/delta",
    {"thinwire-sockets": [5.0], "thinwire-httpx": [14.0], "exoclaw": [12.5]},
    {"openai": "took more than 300 s"},
)


def test_a_line_says_what_was_reached() -> None:
    sockets, httpx = lines.lines(RESULT, ["thinwire-sockets", "thinwire-httpx", "other"])
    assert re.split(r"  +", sockets) == [
        "receive",
        "thinwire-sockets",
        "5 us/delta",
        "exoclaw",
        "12.5",
        "0.4 (0.4 to 0.4)",
        "<= 0.3",
        "NOT reached",
    ]
    assert httpx.endswith("1.12 (1.12 to 1.12)   <= 0.87   NOT reached")


def test_a_goal_without_a_peer_is_about_the_figure_itself() -> None:
    assert RESULT.reached(Goal("receive", "exoclaw", "", 13)) is True
    assert RESULT.reached(Goal("receive", "exoclaw", "", 12)) is False
    assert RESULT.reached(Goal("receive", "litellm", "", 12)) is None


def test_the_kept_run_is_what_was_measured(tmp_path: Path) -> None:
    run = page.Run({"date": "2026-11-29"}, [RESULT])
    run.keep(tmp_path / "run.json")
    assert page.Run.read(tmp_path / "run.json") == run


def test_a_picture_shows_true_lengths() -> None:
    svg = plots.picture([(RESULT, 'of "a" & b')], {"thinwire-sockets"}, set())
    root = ET.fromstring(svg)
    name = "{http://www.w3.org/2000/svg}"
    bars = [rect for rect in root.iter(f"{name}rect") if rect.get("height") == "16"]
    widths = [float(bar.get("width", 0)) for bar in bars]
    assert [round(width / widths[1], 2) for width in widths] == [0.36, 1, 0.89]
    assert len({bar.get("fill") for bar in bars}) == 2
    texts = [text.text for text in root.iter(f"{name}text")]
    assert texts[:4] == ["receive, us/delta", 'of "a" & b', "thinwire-sockets", "5"]


def test_a_bar_that_would_hide_the_others_is_cut() -> None:
    assert plots.scale([1, 2, 3]) == 3
    assert plots.scale([1, 2, 1000]) == 1000  # of three, the largest two are the usual ones
    assert plots.scale([1, 1, 2, 2, 2, 1000]) == 8


def test_legs_are_known_by_name() -> None:
    assert [leg.name for leg in named(["aiohttp", "exoclaw"])] == ["aiohttp", "exoclaw"]
    with pytest.raises(ValueError, match="no leg nobody"):
        named(["nobody"])


RUN = page.Run.read()


def test_the_page_is_what_the_kept_run_says() -> None:
    text = page.PAGE.read_text("utf-8")
    assert replaced(text, page.BEGIN, page.END, RUN.text()) == text, "python -m bench --page"


@pytest.mark.parametrize(("name", "svg"), RUN.pictures().items())
def test_so_are_its_pictures(name: str, svg: str) -> None:
    assert (page.PICTURES / name).read_text("utf-8") == svg, "python -m bench --page"


def test_a_page_keeps_what_is_around() -> None:
    text = f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n"
    assert (
        replaced(text, page.BEGIN, page.END, "new")
        == f"before\n{page.BEGIN}\nnew\n{page.END}\nafter\n"
    )
    with pytest.raises(ValueError, match="markers"):
        replaced("nothing", page.BEGIN, page.END, "new")
