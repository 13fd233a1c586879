"""The parser of thinwire[fast] gives what json gives, to the last bit, and the same errors."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thinwire.core import _cpython
from thinwire.cpython.codec import fast_json

ROOT = Path(__file__).resolve().parents[2]
CASES = [
    b'{"a":1,"a":2}',
    b'{"a":{"b":1},"a":{"c":2}}',
    b'{"b":1,"a":2,"b":3}',
    b"NaN",
    b"[Infinity,-Infinity]",
    b"123456789012345678901234567890",
    b"[18446744073709551616,18446744073709551615,-9223372036854775809,9007199254740993]",
    b"1" * 4300,
    b"1" * 4301,
    b"1e400",
    b"[-0,-0.0,0.0,1E5,1e5,1.0,0.1e-7,5e-324,1e-400,-1e-400]",
    b"[1.7976931348623157e308,2.2250738585072011e-308,0.30000000000000004,1e23,8.5]",
    b"1.79769313486231580793e308",
    b"0." + b"3" * 800,
    b"100000000000000000000.0",
    b'"\\ud83d"',
    b'"\\ude00"',
    b'"a\\ud83d\\ude00b"',
    b'["\\ud83dx","\\uD83D\\uDE00","\\udc00\\ud800"]',
    b'{"\\ud83d":1}',
    b'"\xff"',
    b'{"a":"b\xe4\xbd"}',
    b'"\xed\xa0\x80"',
    b'"\xc0\x80"',
    b'"\xf4\x90\x80\x80"',
    b"\xef\xbb\xbf{}",
    b'"\xef\xbb\xbf"',
    b'"a\x00b\x01c\x1fd\te\x7f"',
    b'"a\tb"',
    b'"\\u0000\\/\\b\\f\\u00e9"',
    b'"\\x"',
    b" \t\r\n{} \n",
    b"\x0c{}",
    b"\xc2\xa0{}",
    b"",
    b" ",
    b"01",
    b"1.",
    b".5",
    b"+1",
    b"-",
    b"tru",
    b"true x",
    b"[1,]",
    b'{"a":1,}',
    b"{'a':1}",
    b'{"a":1',
    b"{1:2}",
    b"[" * 90 + b"]" * 90,
    b"[" * 90,
    b"[" * 300 + b"]" * 300,
    b'{"a":' * 300 + b"1" + b"}" * 300,
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 100_000,
]
PIECES = [b'"a"', b'"b":', b"{", b"}", b"[", b"]", b",", b":", b"1", b"-2.5e3", b"null", b"true"]
PIECES += [b" ", b'"\\u00e9"', b'"\xc3\xa9"', b"\xff", b'"\\ud800"', b"12345678901234567890", b'"']


def outcome(data: bytes, fast: Callable[[bytes], object] | None, deltas: bool) -> Any:
    kept, _cpython._fast = _cpython._fast, fast  # noqa: SLF001
    try:
        # repr: types, the order of keys, and nan are compared, too.
        return repr(_cpython.loads(bytearray(b"x" + data + b"y"), 1, len(data) + 1, deltas))
    except ValueError as error:
        return type(error), str(error)
    finally:
        _cpython._fast = kept  # noqa: SLF001


def check(data: bytes) -> None:
    for deltas in (False, True):
        got = outcome(data, fast_json.decode, deltas)
        assert got == outcome(data, None, deltas), data[:80]


@pytest.mark.parametrize("data", CASES, ids=lambda data: ascii(data[:20]))
def test_both_parsers_agree(data: bytes) -> None:
    for around in (b"%b", b"[%b]", b'{"a":%b,"b":[%b]}'):
        check(around.replace(b"%b", data))


def test_both_parsers_agree_on_what_is_thrown_together() -> None:
    chance = random.Random(16)
    for _ in range(4000):
        check(b"".join(chance.choices(PIECES, k=chance.randrange(1, 9))))


def test_both_parsers_agree_on_floats() -> None:
    chance = random.Random(16)
    for _ in range(4000):
        digits = chance.randrange(10 ** chance.randrange(1, 25))
        check(b"%d.%de%d" % (digits, chance.randrange(10**9), chance.randrange(-330, 300)))
        check(repr(chance.uniform(-1e9, 1e9)).encode())


def test_both_parsers_agree_on_cut_and_changed_chunks() -> None:
    chunk = b'{"id":"x","created":17,"choices":[{"delta":{"content":"a\\n\xc3\xa9"},"n":-0.5}]}'
    for place in range(len(chunk) + 1):
        check(chunk[:place])
        for byte in (b"\\", b'"', b"\xff", b"\n", b"0", b"}"):
            check(chunk[:place] + byte + chunk[place + 1 :])


PROGRAM = """
import sys
{before}
from thinwire.core._compat import loads
small, large = bytearray(b'{{"a":1}}'), bytearray(b'{{"a":"' + b"b" * 70000 + b'"}}')
assert loads(small, 0, len(small)) == {{"a": 1}}
assert "msgspec" not in sys.modules or {blocked}
assert len(loads(large, 0, len(large))["a"]) == 70000
assert loads(small, 0, len(small)) == {{"a": 1}}
print(bool(sys.modules.get("msgspec")))
"""


@pytest.mark.parametrize("blocked", [False, True])
def test_it_is_loaded_when_much_was_parsed_and_not_missed(blocked: bool) -> None:
    before = "sys.modules['msgspec'] = None" if blocked else ""
    program = PROGRAM.format(before=before, blocked=blocked)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.stderr) == (str(not blocked), "")


@pytest.mark.parametrize("blocked", [False, True])
def test_when_it_is_looked_for(blocked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> Any:
        raise ImportError

    monkeypatch.setattr(_cpython, "_fast", None)
    monkeypatch.setattr(_cpython, "_until_fast", 10)
    if blocked:
        monkeypatch.setattr(_cpython, "import_module", none)
    for left in (5, 0, -5):
        assert _cpython.loads(b"[1,2]", 0, 5) == [1, 2]
        assert _cpython._until_fast == left  # noqa: SLF001
    assert _cpython._fast is (None if blocked else fast_json.decode)  # noqa: SLF001
    assert _cpython.loads(b"[NaN]", 0, 5) != [0]


def test_answers_are_the_same() -> None:
    # Tests of answers, once more with it; those of all else know nothing of a parser.
    room = ROOT / "tests/shared"
    files = ["answer/test_answer.py", "answer/test_chunk_memo.py", "answer/test_other_kinds.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    command += [str(room / name) for name in files]
    environ = {**os.environ, "THINWIRE_FAST": "1"}
    for name in [one for one in environ if one.startswith(("PYTEST_", "COV_"))]:
        del environ[name]
    ran = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-2000:]
