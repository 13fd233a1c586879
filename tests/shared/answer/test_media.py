"""Images, audio and annotations of an answer: none of it is lost, and an image may be large."""

from helpers import feeds
from streams import DONE, STOP, chunk, play, play_chunks, play_pieces, sse, text

from thinwire.core.answer.answer import Answer
from thinwire.core.answer.assembler import CompletionAssembler
from thinwire.core.answer.events import ContentDelta
from thinwire.core.answer.media import AudioDelta, ImageDelta
from thinwire.core.errors import ReadError, StreamInterrupted
from thinwire.core.wire.sse import SSEParser
from thinwire.testing.scripted import ScriptedReply

PNG = "data:image/png;base64,"


def image(url, **more):
    return dict({"type": "image_url", "image_url": {"url": url}}, **more)


LINK = "https://pictures.test/1.png"
CAT = image(PNG + "QUJDREVG", index=0)

# Deltas, then the images of the completion, and the events.
IMAGES = [
    ([{"images": [CAT]}], [CAT], [ImageDelta(0, "QUJDREVG", "image/png")]),
    ([{"content": "", "images": [CAT]}], [CAT], [ImageDelta(0, "QUJDREVG", "image/png")]),
    ([{"content": [CAT]}], [CAT], [ImageDelta(0, "QUJDREVG", "image/png")]),
    (
        [{"content": [{"type": "text", "text": "a"}, CAT]}],
        [CAT],
        [ContentDelta("a"), ImageDelta(0, "QUJDREVG", "image/png")],
    ),
    (
        [{"images": [CAT]}, {"images": [image("data:image/webp;base64,QQ==")]}],
        [CAT, image("data:image/webp;base64,QQ==")],
        [ImageDelta(0, "QUJDREVG", "image/png"), ImageDelta(1, "QQ==", "image/webp")],
    ),
    ([{"images": [image(LINK)]}], [image(LINK)], [ImageDelta(0, "", "", LINK)]),
    (
        [{"images": [image("data:image/svg+xml,%3Csvg/%3E")]}],
        [image("data:image/svg+xml,%3Csvg/%3E")],
        [ImageDelta(0, "", "", "data:image/svg+xml,%3Csvg/%3E")],
    ),
    ([{"images": [{"image_url": LINK}]}], [{"image_url": {"url": LINK}}], None),
    ([{"images": [image(PNG)]}], [image(PNG)], []),
    ([{"images": [image(PNG + "!QQ==")]}], [image(PNG + "!QQ==")], None),
    ([{"images": None}, {"images": []}, {"images": ""}, {"images": [None, {}]}], [], []),
    ([{"images": LINK}], [{"image_url": {"url": LINK}}], [ImageDelta(0, "", "", LINK)]),
    ([{"images": image(PNG)}], [image(PNG)], []),
    ([{"images": [LINK]}], [{"image_url": {"url": LINK}}], None),
    ([{"images": [{"type": "image_url", "image_url": {}}]}], [], []),
]


def test_images_are_kept_and_told():
    for deltas, want, events in IMAGES:
        got = play_chunks(*[chunk(delta) for delta in deltas + [{"content": "x"}]], STOP)
        assert got.error is None, (deltas, got.error)
        done = got.completion
        assert done.images == want, (deltas, done.images)
        assert done.choices[0].images == want
        if events is not None:
            assert got.events[:-1] == events, (deltas, got.events)


def test_images_alone_are_an_answer():
    for feed in feeds(sse(chunk({"images": [CAT]})) + DONE):
        got = play_pieces(*feed)
        assert got.completion.images == [CAT], got.error
    got = play_pieces(sse(chunk({"images": [CAT]})), ReadError("cut"))
    assert isinstance(got.error, StreamInterrupted), got.error
    assert got.partial().images == [CAT]
    data = sse(chunk({"images": [CAT]}, "stop"), chunk({"images": [CAT]}))
    assert isinstance(play_pieces(data, ReadError("cut")).error, StreamInterrupted)


def test_a_whole_answer_has_its_images_too():
    message = {"role": "assistant", "content": "Here", "images": [CAT], "annotations": [{"a": 1}]}
    done = play_chunks({"choices": [{"message": message, "finish_reason": "stop"}]}).completion
    assert (done.content, done.images, done.annotations) == ("Here", [CAT], [{"a": 1}])


SPOKEN = [
    {"audio": {"id": "audio_1", "transcript": "Hel"}},
    {"audio": {"data": "QUJD"}},
    {"audio": {"data": "REVG", "transcript": "lo"}},
    {"audio": {"expires_at": 1700000000, "id": None}},
    {"audio": None},
]
SPEECH = {"id": "audio_1", "data": "QUJDREVG", "transcript": "Hello", "expires_at": 1700000000}


def test_audio_is_put_together_and_goes_back_by_its_id():
    got = play_chunks(*[chunk(delta) for delta in SPOKEN], STOP)
    want = [AudioDelta("", "Hel"), AudioDelta("QUJD", ""), AudioDelta("REVG", "lo")]
    assert got.events == want, got.events
    assert got.completion.audio == SPEECH, got.completion.audio
    message = got.completion.to_message()
    assert (message["audio"], message["content"]) == ({"id": "audio_1"}, ""), message
    done = play_chunks(chunk({"audio": {"data": "QQ=="}}), STOP).completion
    assert done.audio == {"data": "QQ==", "transcript": ""}
    assert "audio" not in done.to_message()
    assert play_chunks(text("a")).completion.audio is None


CITED = {"type": "url_citation", "url_citation": {"url": LINK, "title": "A"}}


def test_annotations_are_kept_as_they_came():
    for feed in feeds(sse(chunk({"content": "a", "annotations": [CITED]}), STOP)):
        assert play_pieces(*feed).completion.annotations == [CITED]
    deltas = [{"annotations": [CITED]}, {"content": "a"}, {"annotations": [{"b": 1}]}]
    done = play_chunks(*[chunk(delta) for delta in deltas]).completion
    assert done.annotations == done.choices[0].annotations == [CITED, {"b": 1}]


# A delta, then the annotations of it: what is no text, no image and of no known kind.
CITES = {"type": "reference", "reference_ids": [1]}
UNKNOWN = [
    ({"content": [{"type": "text", "text": "x"}, CITES]}, [CITES]),
    ({"content": [{"type": "thinking", "thinking": []}, {}, None]}, []),
    ({"images": [{"b64_json": "QQ=="}, 3]}, [{"b64_json": "QQ=="}, 3]),
    ({"annotations": CITED}, [CITED]),
]


def test_what_is_of_no_known_kind_is_an_annotation():
    for delta, want in UNKNOWN:
        got = play_chunks(chunk(delta), STOP)
        assert got.completion.annotations == want, (delta, got.completion.annotations)
        assert play_chunks(chunk(delta), STOP, keep="none").completion.annotations == []


def test_audio_that_is_no_object_is_refused():
    got = play_chunks(chunk({"audio": "QUJD"}), STOP)
    assert str(got.error) == "the audio of an answer is no object", got.error
    got = play_chunks(chunk({"audio": {"transcript": 3}}), STOP)
    assert got.completion.audio["transcript"] == "3"


def test_sources_beside_the_choices_are_annotations():
    plain = {"type": "url_citation", "url_citation": {"url": LINK}}
    fields = {"url": LINK, "title": "A"}
    for more, want in [
        ({"citations": [LINK]}, [plain]),
        ({"citations": [LINK], "search_results": [fields]}, [CITED]),
        ({"citations": [], "search_results": None}, []),
        ({"citations": "x"}, []),
    ]:
        # The list so far comes with each chunk.
        objs = [dict(text(words), **more) for words in "abc"] + [STOP]
        for keep in ("text", "none"):
            done = play_chunks(*objs, keep=keep).completion
            assert done.annotations == (want if keep == "text" else []), (more, done.annotations)


def test_what_is_not_kept_is_handed_out_all_the_same():
    objs = [chunk({"images": [CAT]})] + [chunk(delta) for delta in SPOKEN]
    got = play_chunks(*objs, keep="none")
    assert [one.data for one in got.events] == ["QUJDREVG", "", "QUJD", "REVG"], got.events
    done = got.completion
    assert done.images == [image(PNG, index=0)], done.images
    assert done.audio == dict(SPEECH, data="", transcript=""), done.audio


def test_choices_have_their_own():
    objs = [chunk({"images": [CAT]}, index=1), chunk({"content": "a"}), chunk({}, "stop")]
    got = play_chunks(*objs, n=2)
    assert [len(one.images) for one in got.completion.choices] == [0, 1]
    assert got.events[0] == ImageDelta(0, "QUJDREVG", "image/png", "", 1)


DATA = "QUJDREVGR0hJSktM" * 200  # 3200 characters
LARGE = image(PNG + DATA)
SMALL_BUFFER = 1024


def received(body, size=SMALL_BUFFER, keep="none", piece=7):
    # What comes of a body that arrives in pieces in a small buffer; and how large that became.
    answer = Answer(keep == "text", None, bytearray(size))
    events, at, most = [], 0, 0
    while at < len(body):
        buffer = answer.get_buffer()
        count = min(len(buffer), piece, len(body) - at)
        buffer[:count] = body[at : at + count]
        answer.buffer_updated(count)
        at += count
        most = max(most, len(answer.parser.buffer))
        events.extend(rest(answer))
    answer.buffer_updated(0)
    return events + list(rest(answer)), answer, most


def rest(answer):
    one = answer.next_event()
    while one is not None:
        yield one
        one = answer.next_event()


def joined(events):
    # The images that the events tell of.
    found = {}
    for one in events:
        if isinstance(one, ImageDelta):
            found[one.index] = found.get(one.index, "") + one.data
    return [found[index] for index in sorted(found)]


# Bodies with a large image, and what their images are, in the order of the events.
LARGES = [
    (sse(chunk({"images": [LARGE]}), STOP), [DATA]),
    (sse(text("a"), chunk({"images": [LARGE]}), text("b"), STOP), [DATA]),
    (sse(chunk({"images": [LARGE, LARGE]}), STOP), [DATA, DATA]),
    (sse(chunk({"images": [CAT, LARGE, CAT]}), STOP), None),
    (sse(chunk({"content": [LARGE]}), STOP), [DATA]),
    (sse(chunk({"images": [LARGE]}), chunk({"images": [LARGE]}), STOP), [DATA, DATA]),
    (sse(chunk({"images": [image(PNG + DATA + "QQ==")]}), STOP), [DATA + "QQ=="]),
]


def test_a_large_image_goes_through_a_small_buffer():
    for body, want in LARGES:
        for piece in (1, 3, 64, 1000):
            events, answer, most = received(body, piece=piece)
            found = joined(events)
            if want is None:
                found, images = sorted(found), sorted([DATA, "QUJDREVG", "QUJDREVG"])
                assert found == images, (piece, found)
            else:
                assert found == want, (body, piece, found)
            assert most == SMALL_BUFFER, (body, piece, most)
            assert answer.end == "finish", (body, piece)
            for one in events:
                assert not isinstance(one, ImageDelta) or len(one.data) % 4 == 0, (piece, one)
            for one in answer.assembler.completion(True).images:
                assert one["image_url"]["url"] == PNG, one


def test_the_first_piece_comes_before_the_last_byte():
    answer = Answer(False, None, bytearray(SMALL_BUFFER))
    body = sse(chunk({"images": [LARGE]}))[:-20]
    events, at = [], 0
    while at < len(body):
        buffer = answer.get_buffer()
        count = min(len(buffer), len(body) - at)
        buffer[:count] = body[at : at + count]
        answer.buffer_updated(count)
        at += count
        events.extend(rest(answer))
    assert len(joined(events)[0]) > 2000, events
    got = play([ScriptedReply([sse(text("a")), sse(chunk({"images": [LARGE]}))])], keep="none")
    assert joined(got.events) == [DATA]


# What looks like an image while it arrives, and is none that can be handed out in part.
OTHERS = [
    sse(text("a picture: ![](" + PNG + DATA + ")")),
    sse(text(PNG + DATA)),
    sse(chunk({"images": [image("https://x.test/;base64," + DATA)]})),
    sse(chunk({"images": [image(PNG + DATA)]})).replace(b"QUJD", b"QU\\u004aD", 1),
    b'data: {"a": "' + b"x" * 3000 + b'"}\n\n' + sse(text("a")),
    b": " + sse(chunk({"images": [LARGE]})).strip() + b"\n" + sse(text("a")),
    sse(chunk({"images": [image(PNG + "!" + DATA)]})),
    sse(chunk({"images": [image(PNG.replace("image", "video") + DATA)]})),
    sse(chunk({"images": [image(PNG + "QQ==")] * 20})),
    b'data: {"a": "' + b"x" * 900 + b';base64,"}\n\n' + sse(text("a")),
]


def test_what_looks_like_an_image_is_left_whole():
    for body in OTHERS:
        events, _, _ = received(body + DONE)
        want, _, _ = received(body + DONE, 8192, "none", 8192)
        assert events == want, (body, events)


class Seldom(CompletionAssembler):
    looks = 0

    def cut(self, parser):
        self.looks += 1
        return CompletionAssembler.cut(self, parser)


def test_where_the_buffer_cannot_grow_it_is_looked_at_once():
    answer = Answer(False)
    answer.parser = SSEParser(SMALL_BUFFER, SMALL_BUFFER)
    answer.assembler = Seldom(False)
    body = sse(text("x" * 900))
    for at in range(len(body)):
        answer.get_buffer()[:1] = body[at : at + 1]
        answer.buffer_updated(1)
        events = list(rest(answer))
    assert events == [ContentDelta("x" * 900)]
    assert answer.assembler.looks == 1


def test_an_event_that_shows_no_image_leaves_nothing_behind():
    strange = b'data: {"x": {"url": "' + (PNG + DATA).encode() + b'"}}\n\n'
    events, _, _ = received(strange + sse(chunk({"images": [LARGE]}), STOP))
    assert joined(events)[1] == DATA, events


def test_what_is_kept_in_memory_is_not_cut():
    events, answer, _ = received(LARGES[0][0], keep="text")
    assert events == [ImageDelta(0, DATA, "image/png")]
    assert answer.assembler.completion(True).images == [LARGE]
