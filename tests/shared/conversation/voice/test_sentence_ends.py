# Whether a dot ends a sentence. What becomes of whole texts is in test_sentence_splitter.py.

from thinwire.core.conversation.voice.sentence_ends import dot_ends


def ends(text):
    # Of the dot in front of "|", which stands in front of the next word.
    head, _, rest = text.partition("|")
    data = bytearray((head + rest).encode())
    after = len(head.encode())
    return dot_ends(data, 0, len(head.rstrip().encode()) - 1, after, len(data))


def test_words_that_are_followed():
    for text in ("Dr. |No", "(Mr. |X", "z.B. |Das", "J. |S", "Prof.  |X", "„Dr. |X", "É. |Z"):
        assert not ends(text), text


def test_words_that_are_not():
    for text in (
        "Yes. |No",
        "don't. |No",
        "п. т.ень. |No",
        "5 p.m. |No",
        "a.b1. |No",
        "U.SAB. |No",
    ):
        assert ends(text), text
    assert ends("Donaudampfschifffahrtsgesellschaft. |No")
    assert ends("Donaudampfschifffahrtsgesellschaft. |no")


def test_a_small_letter_goes_on_but_where_sentences_begin_with_one():
    assert not ends("Some abc. |then")
    assert ends("some abc. |then")
    assert not ends("some fig. |then")
    assert not ends("some dr. |then")


def test_numbers():
    for text in (
        "1. |Item",
        "- 1. |Item",
        "100. |Item",
        "Am 3. |Tag",
        "So 3. |Okt",
        "So 5. |märz",
    ):
        assert not ends(text), text
    for text in (
        "So 3. |Ok",
        "So 3. |Tag",
        "In 2024. |So",
        "It 1,000. |So",
        "1000. |So",
        "x . |So",
    ):
        assert ends(text), text
    assert not ends("Am 24.12. |Tag")
    assert not ends("No. |5")
    assert ends("No. |Five")
    assert not ends("äh 3. |mal")
    assert ends("Das war 1 von 3. |Tag")
