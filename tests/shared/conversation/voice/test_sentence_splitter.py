# Pieces of a sentence's size: where they end, and that nothing is lost, however the text comes.

from helpers import error_of, feeds

from thinwire.core.conversation.voice.sentence_splitter import SentenceSplitter, kind_of


def pieces(parts, torn=False, **options):
    splitter = SentenceSplitter(**options)
    found = []
    for part in parts:
        splitter.put(part)
        take(splitter, found)
    splitter.finish(torn)
    take(splitter, found)
    return found


def take(splitter, found):
    piece = splitter.take()
    while piece is not None:
        found.append(piece)
        piece = splitter.take()


def check(marked, **options):
    # "|" stands where a piece ends.
    want = marked.split("|")
    text = marked.replace("|", "")
    for parts in feeds(text):
        assert pieces(parts, **options) == want, (parts, pieces(parts, **options))


def test_a_sentence_ends_at_its_mark():
    for marked in (
        "One",
        "One.",
        "Hello. |How are you? |Fine! |Bye",
        "Really?! |Yes!! |Wait!",
        "A\tbe.\t|See.  |Do.\u00a0|Eat. |Fly",
        " Hello. |There",
        "No space.After the dot, or?Either!So. |Bye.",
        "He came . |She went.",
        ". |Next",
        "It costs $5. |Cheap. |It is 5%. |In 2024. |Then 100. |OK.",
        "I have 3 cats. |In 1999. |The end.",
        "Who? |me.",
        "Ελλάδα. |Ναι. |Όχι.",
        "Это так. |Да. |Нет.",
        "네. |그래요. |안녕.",
    ):
        check(marked)


def test_a_dot_may_be_a_words_own():
    for marked in (
        "Dr. Smith met Mr. and Mrs. Jones. |They spoke.",
        "Prof. Dr. Müller kommt. |Gut.",
        "J. R. R. Tolkien wrote it. |He did.",
        "А. С. Пушкин писал. |Да.",
        "É. Zola a écrit. |Oui.",
        "It is approx. five, e.g. this, i.e. that. |Yes.",
        "Das ist z. B. gut, d.h. schön, u.a. heute, z.\u00a0B. Obst usw. |Ja.",
        "The U.S. Army and the E.U. Commission. |Both.",
        "At 5 p.m. |At 6 a.m. |At 7 p.m. sharp.",
        "A Ph.D. student, т.е. Студент. |So.",
        "See Fig. 5, p. 7, No. 8, vol. 9. |No. |Nos. |Not.",
        "On Jan. 5 it rained. |In Jan. |In Feb.",
        "Bread, milk etc. |Then Inc. |And so on etc. and more.",
        'He said (e.g. "Dr. Who") so. |Then "Mr. X" came.',
        "„Dr. Müller“ kam. |«Dr. No» auch. |‘Mr. X’ not.",
        "**Dr. Who** and _Mr. X_ came. |I don't. |I won’t. |Rock 'n'. |Roll",
        "unknownabbr. |The word above is lower. |Antidisestablishmentarianism. |And",
        "Xyz. followed by a small letter. |Antidisestablishmentarianism. |and so on",
    ):
        check(marked)


def test_numbers_keep_their_dots():
    for marked in (
        "Pi is 3.14. |Version v1.2.3. |And 1.000.000,5 Euro. |Ok",
        "Am 3. Mai 2024, am 24.12. Heiligabend. |Der 2. Weltkrieg, im 3. Stock. |Ja.",
        "Termin: 3. Oktober. |Oder: 5. März. |Oder: 5. |Tag.",
        "1. First item. |More.\n|2. Second\n|10. Tenth. |Yes\n|100. Hundredth",
        "- 1. One\n|**2.** Two. |Yes.\n|3) Three. |4) Four",
        "Das 19. jahrhundert. |Ja.",
        "It is 12.5. |Then.",
        "Count: 5. |M",
        "Count: 5. |Ma",
    ):
        check(marked)


def test_addresses_and_names_of_files_stay_whole():
    for marked in (
        "See https://a.b/c.d?e=f!g. |Mail a.b@c.de. |Then file.txt. |End",
        "Use example.com. |It works. |Run a.out! |Call foo.bar(). |Done",
        "Edit /etc/hosts.conf and ~/x.py. |Now. |Node.js is not. |React.",
    ):
        check(marked)


def test_an_ellipsis_ends_in_front_of_a_capital():
    for marked in (
        "Wait... what? |Well... |I see. |Hm… so. |Hm… |So",
        "他说……我不知道。|好",
        "Etc... and more",
    ):
        check(marked)


def test_what_closes_belongs_to_the_sentence():
    for marked in (
        "\"Yes.\" |(No.) |[Ok.] |'Fine!' |“So?” |«Oui.» |**Bold.** |Next",
        '"Really?" she asked. |"Go!" he said. |"Yes." |She went.',
        '"Why?" |"Because." |So',
        "Great! 😀 |Let's go 🎉. |Bye 👋🏽! |Hi!😀 |There",
        "Nice 😀 day. 👩‍👩‍👧 |Ok",
    ):
        check(marked)


def test_scripts_with_marks_of_their_own():
    for marked in (
        "你好。|我是小明！|你呢？|好",
        "「はい。」と言った。|「はい。」|次。|おわり",
        "你好!|我是小明?|好.不",
        "مرحبا؟ |نعم. |لا۔ |هنا",
        "नमस्ते। |कैसे हो॥ |ठीक",
        "Բարեւ։ |Այո։ |Ոչ",
        "ሰላም።|እሺ",
        "ｶﾀｶﾅ｡|全角．|「終」！？|次",
        "สวัสดีครับ ผมชื่อสมชาย ยินดีที่ได้รู้จัก",
    ):
        check(marked)


def test_a_newline_ends():
    for marked in (
        "# Title\n\n|Text\n|- one\n  |- two\n|* three\r\n|\u2022 four",
        "One\n|two.\n\n|x",
        "\n\n One\n \n|Two",
        "So:\n|yes\u2028|no",
        "Yes!\n|😀 ok",
    ):
        check(marked)


def test_code_goes_line_by_line():
    block = "Look:\n|```py\n|a = 1. B\n|if b: c.d!\n|\n    e\n|```\n|Done. |Bye"
    check(block)
    check(block.replace("`", "~"))
    check("```\n|~~~ x. Y\n|```\n|So. |B")
    check("```code``` is inline. So. Yes\n|Next. |Bye")
    check("``\n|So. |B")
    check("`a. B` is inline. |C")
    check("~as. |B\n|~~")
    check("So. |``` is no fence. |B")


def test_it_is_known_what_is_code():
    splitter = SentenceSplitter()
    found = []
    splitter.put("A\n```\nb\n```\nC\n```d``` e\nf\n")
    piece = splitter.take()
    while piece is not None:
        found.append((piece, splitter.code))
        piece = splitter.take()
    splitter.finish()
    found.append((splitter.take(), splitter.code))
    assert found == [
        ("A\n", False),
        ("```\n", True),
        ("b\n", True),
        ("```\n", True),
        ("C\n", False),
        ("```d``` e\n", False),
        ("f\n", False),
    ]


def test_a_sentence_without_end_is_cut():
    words = "word " * 40
    assert pieces([words], longest=64) == ["word " * 6] * 6 + ["word " * 4]
    commas = "one two, three four " * 10
    for parts in feeds(commas, len(commas) - 3):
        found = pieces(parts, longest=64)
        assert "".join(found) == commas
        assert {piece.rstrip()[-1] for piece in found[:-1]} == {","}
        assert max([len(piece) for piece in found]) <= 64
    early = "no, " + "x" * 100
    assert pieces([early], longest=64) == ["no, ", "x" * 32, "x" * 32, "x" * 32, "x" * 4]
    check("word " * 6 + "|" + "word " * 6 + "|" + "word", longest=64)
    check("字，" * 16 + "|" + "字，" * 4 + "字", longest=64)
    check("one two three four — |six seven eight nine ten", longest=64)
    check(" " * 32 + "|" + " " * 32 + "|x", longest=64)
    check("```\n|" + "a. B " * 6 + "|" + "a. B\n|```", longest=64)
    check("Abbr. small " * 2 + "x" * 7 + " |" + "y" * 32 + "|y", longest=64)


def test_nothing_is_cut_inside_of_what_is_seen_as_one():
    family = "👩\u200d👩\u200d👧\u200d👦"
    for unit in (family, "e\u0301", "👋🏽", "🇩🇪", "कि", "กำ\u0e49", "❤️"):
        text = "x" + unit * 30
        found = pieces([text], longest=64)
        assert "".join(found) == text
        for piece in found[1:]:
            assert piece.startswith(unit[0]), (unit, piece)
    # Longer than anything that is one: it is cut somewhere.
    for text in ("\u0301" * 100, "x" + "\u0301" * 100, "🇩" * 101):
        assert "".join(pieces([text], longest=64)) == text
        assert max([len(piece) for piece in pieces([text], longest=64)]) <= 64


def test_marks_without_end_are_cut_as_well():
    for text in ("." * 100, "!" * 100, "A. " + " " * 100 + "B", "A.\n" + "\n" * 100, "。" * 90):
        for parts in ([text], list(text)):
            found = pieces(parts, longest=64)
            assert "".join(found) == text
            assert max([len(piece) for piece in found]) <= 64


def test_the_first_piece_may_be_shorter():
    check("Well, yes, |that is so, I think. |Yes, no.", first=8)
    check("Well, |that is, so.", first=1)
    check("Yes. |Well, so.", first=8)
    check("好的，|我来看，看。|是，吗", first=1)
    check("```\n|a, b\n|```", first=1)
    check("One – |two – three", first=2)


def test_a_torn_rest_counts_when_it_is_a_sentence():
    for parts, want in (
        (["One. Two", " th"], ["One. "]),
        (["One. Two."], ["One. ", "Two."]),
        (["One. Two?\u201d "], ["One. ", "Two?\u201d "]),
        (["One\n"], ["One\n"]),
        (["``"], []),
        ([], []),
    ):
        assert pieces(parts, torn=True) == want


def test_texts_follow_each_other():
    splitter = SentenceSplitter(first=1)
    found = []
    for text in ("Let me look", "```\n", "a. B"):
        splitter.put(text)
        take(splitter, found)
        splitter.finish()
        take(splitter, found)
    assert found == ["Let me look", "```\n", "a. B"]
    assert splitter.code
    splitter.put("x")
    splitter.reset()
    splitter.put("Well, a. B")
    found = []
    take(splitter, found)
    assert found == ["Well, ", "a. "] or found == ["Well, "], found
    assert not splitter.code


def test_large_parts_and_little_memory():
    sentence = "Grüße, 世界 🚀 to the world. "
    text = sentence * 400
    splitter = SentenceSplitter(longest=64)
    for size in (1, 7, len(text)):
        found = []
        for at in range(0, len(text), size):
            splitter.put(text[at : at + size])
            take(splitter, found)
            assert len(splitter._data) <= 4 * (64 + 4)  # noqa: SLF001 - is bounded
        splitter.finish()
        take(splitter, found)
        assert found == [sentence] * 400
        splitter.reset()


def test_halves_of_characters_go_through():
    text = "a\ud83d. B\ud83d"
    try:
        splitter_takes = pieces([text])
    except UnicodeError:
        assert False, "lost"
    assert splitter_takes == ["a\ud83d. ", "B\ud83d"]


def test_a_piece_has_room_for_a_sentence():
    assert "64" in str(error_of(ValueError, SentenceSplitter, 63))


def test_kinds_of_characters():
    for text, kind in (
        ("\u00a0\u2003\u3000\u202f", 1),
        ("\u2028", 2),
        ("…", 3),
        ("。！？।؟۔‼", 4),
        ("，、؛", 5),
        ("»”’」』】）", 6),
        ("☀😀\ufe0f\u200d🇩", 7),
        ("äЖ字–—•「《〓がﾀ€", 0),
    ):
        for one in text:
            assert kind_of(ord(one)) == kind, (one, kind_of(ord(one)))
