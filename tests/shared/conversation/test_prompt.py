from helpers import Later, Scratch, error_of

from thinwire.core.conversation.prompt import profile_text, settled, system_message
from thinwire.core.request.sources import TextFile, TextStream
from thinwire.core.sync import run
from thinwire.core.wire.json_encode import encoded


def text_of(message):
    return bytes(encoded(message["content"])).decode()


def test_what_stands_in_front():
    for system, profile, summary, want in (
        (None, "", "", None),
        ("", "", "", None),
        ("Be brief.", "", "", "Be brief."),
        ("Be brief.", "Be kind.", "", "Be brief.\n\nBe kind."),
        ("Be brief.", "Be kind.", "They met.", "Be brief.\n\nBe kind.\n\nThey met."),
        (None, "", "They met.", "They met."),
    ):
        message = system_message(settled(system), profile, summary)
        if want is None:
            assert message is None
        else:
            assert message == {"role": "system", "content": want}


def test_a_prompt_in_a_file_is_read_each_time():
    with Scratch("Grüße.".encode()) as path:
        system = settled(TextFile(path))
        message = system_message(system, "", "")
        assert message["content"] is system
        more = system_message(system, "Be kind.", "")
        assert text_of(message) == '"Grüße."'
        assert text_of(more) == text_of(more) == '"Grüße.\\n\\nBe kind."'
        assert repr(more["content"]) == repr([system, "\n\n", "Be kind."])
        with open(path, "w") as file:
            file.write("Be brief.")
        assert text_of(message) == '"Be brief."'
        assert text_of(more) == '"Be brief.\\n\\nBe kind."'


def test_a_file_is_closed_when_it_is_left():
    with Scratch(b"Be brief.") as path:
        reader = system_message(settled(TextFile(path)), "Be kind.", "")["content"].open()
        assert bytes(reader.read_piece()) == b"Be brief."
        assert bytes(reader.read_piece()) == b"\\n\\n"
        reader.close()
        reader.close()
        assert not reader.read_piece()


def test_a_prompt_may_come_late():
    source = TextStream(lambda: Later(["Be ", "brief."]))
    reader = system_message(source, "Be kind.", "")["content"].open()
    pieces = []
    for _ in range(20):
        piece = reader.read_piece()
        if piece is None:
            run(reader.more())
        elif not len(piece):
            break
        else:
            pieces.append(bytes(piece))
    assert b"".join(pieces) == b"Be brief.\\n\\nBe kind."


def test_a_file_that_is_not_there_is_an_error_of_the_request():
    source = system_message(settled(TextFile("/nowhere/prompt.md")), "Be kind.", "")["content"]
    assert source.stored
    assert source.replayable
    error_of(OSError, source.open().read_piece)
    once = system_message(TextStream(iter(["Be brief."])), "Be kind.", "")["content"]
    assert not once.stored
    assert not once.replayable


class Path:
    def __fspath__(self):
        return "prompt.md"


def test_what_can_be_a_prompt():
    assert settled(Path()).path.__fspath__() == "prompt.md"
    error_of(TypeError, settled, 3)
    error_of(TypeError, settled, ["prompt"])


def test_what_a_profile_adds():
    assert profile_text(None) == profile_text("") == profile_text({"id": "a"}) == ""
    assert profile_text("Be kind.") == profile_text({"system_prompt": "Be kind."}) == "Be kind."
    error_of(TypeError, profile_text, 3)
    error_of(TypeError, profile_text, {"system_prompt": 3})
