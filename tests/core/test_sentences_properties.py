"""Whatever the text and however it is cut: the same pieces, which are the text, none too long."""

import random

from hypothesis import given
from hypothesis import strategies as st

from thinwire.core.conversation.voice.sentence_splitter import SentenceSplitter
from thinwire.core.conversation.voice.sentences import Sentences, sentences

# What decides something stands here often; anything else now and then.
WORDS = st.sampled_from(
    [
        *(".", "!", "?", "...", "…", "。", "？", "।", "؟", ",", "，", "、", ":", " – "),
        *(
            " ",
            "  ",
            "\n",
            "\n\n",
            "\t",
            "\u00a0",
            "\u2028",
            "\r\n",
            '"',
            "”",
            ")",
            "」",
            "**",
            "_",
        ),
        *("```", "~~~", "`", "``", "# ", "- ", "1. ", "24.12. ", "3.5", "Am ", "der ", "die "),
        *("Dr. ", "z. B. ", "U.S. ", "etc. ", "No. 5", "Mai ", "Okt", "März ", "a", "A", "I. "),
        *("word ", "Word ", "words", "Übung ", "слово ", "Слово. ", "好", "ไทย", "と", "한국"),
        *("😀", "👋🏽", "👩\u200d👧", "🇩", "🇪", "e\u0301", "क", "ि", "\ud83d", "\ude00", "x" * 40),
    ]
)
TEXTS = st.lists(st.one_of(WORDS, WORDS, WORDS, st.text(max_size=3)), max_size=30).map("".join)


def pieces(parts: list[str], longest: int, first: int | None) -> list[str]:
    splitter = SentenceSplitter(longest, first)
    found: list[str] = []
    for part in [*parts, None]:
        if part is None:
            splitter.finish()
        else:
            splitter.put(part)
        piece = splitter.take()
        while piece is not None:
            found.append(piece)
            piece = splitter.take()
    return found


@given(TEXTS, st.integers(64, 120), st.sampled_from([None, 1, 5, 30]), st.randoms())
def test_any_text_cut_anywhere(
    text: str, longest: int, first: int | None, dice: random.Random
) -> None:
    want = pieces([text], longest, first)
    assert "".join(want) == text
    assert all(0 < len(piece) <= longest for piece in want)
    assert pieces(list(text), longest, first) == want
    cuts = sorted(dice.randrange(len(text) + 1) for _ in range(dice.randrange(6)))
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert pieces(parts, longest, first) == want
    assert list(sentences(parts, longest=longest, first=first)) == want
    told: list[str] = []
    said = Sentences(told.append, longest=longest, first=first)
    for part in parts:
        said(part)
    said.close()
    assert told == want


@given(st.lists(WORDS, min_size=1, max_size=6).map("".join), st.integers(64, 300))
def test_the_buffer_is_bounded(text: str, longest: int) -> None:
    splitter = SentenceSplitter(longest)
    for _ in range(20):
        splitter.put(text)
        while splitter.take() is not None:
            pass
        assert len(splitter._data) <= 4 * (longest + 4)  # noqa: SLF001 - what is kept
