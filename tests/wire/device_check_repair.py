"""Run by tests/micropython/test_device_units.py on MicroPython."""

import json

from thinwire_device.repair import repaired_object

WHOLE = '{"a": "b", "n": -12.5e3, "t": true, "f": [1, {"x": null}, []], "o": {}, '
WHOLE += '"q": "\\"\\\\\\u00e9é\\n"}'

# (what came, what it becomes)
CUT = (
    ("{", {}),
    ('{"pa', {}),
    ('{"path"', {}),
    ('{"path":', {}),
    ('{"path": "', {"path": ""}),
    ('{"path": "/tmp', {"path": "/tmp"}),
    ('{"path": "a\\', {"path": "a"}),
    ('{"path": "a\\"', {"path": 'a"'}),
    ('{"path": "a\\\\', {"path": "a\\"}),
    ('{"path": "a\\u00', {"path": "a"}),
    ('{"path": "a\\u00e9', {"path": "aé"}),
    ('{"path": "a\\ud83d', {"path": "a"}),
    ('{"path": "a\\ud83d\\ude', {"path": "a"}),
    ('{"path": "a\\ud83d\\ude80', {"path": "a🚀"}),
    ('{"path": "a"', {"path": "a"}),
    ('{"path": "a",', {"path": "a"}),
    ('{"path": "a", "b', {"path": "a"}),
    ('{"n": 1', {}),
    ('{"n": 1,', {"n": 1}),
    ('{"n": 1 ', {"n": 1}),
    ('{"n": tru', {}),
    ('{"n": true', {"n": True}),
    ('{"n": null', {"n": None}),
    ('{"n": [1, 2', {"n": [1]}),
    ('{"n": [1, "a', {"n": [1, "a"]}),
    ('{"n": [', {"n": []}),
    ('{"n": {"m": [{', {"n": {"m": [{}]}}),
    ('{"n": [[1], [2, 3]', {"n": [[1], [2, 3]]}),
    ('  {"a": "é', {"a": "é"}),
)

# More is wrong than the end, or it is no object, or whole.
HOPELESS = (
    "",
    " ",
    "[1, 2",
    '"a',
    "12",
    "tru",
    '{"a": 1}',
    '{"a": 1} {',
    '{"a" 1, ',
    '{"a": 1 2, ',
    '{"a": ]',
    '{"a": [1}',
    "{1: 2, ",
    "{,",
    '{"a",',
    '{"a": x, ',
    "I will call the tool: {",
    '{"a": ' * 40,
    '{"a": "' + "x" * 9000,
)


def test_what_was_cut_is_closed():
    for raw, want in CUT:
        assert repaired_object(raw) == want, (raw, repaired_object(raw))


def test_more_than_a_cut_is_not_repaired():
    for raw in HOPELESS:
        assert repaired_object(raw) is None, (raw, repaired_object(raw))


def test_cut_anywhere_nothing_is_invented():
    # Every value that comes back stands in the whole, or is the beginning of a string of it.
    whole = json.loads(WHOLE)
    for end in range(1, len(WHOLE)):
        value = repaired_object(WHOLE[:end])
        assert value is not None, WHOLE[:end]
        for name in value:
            assert agrees(value[name], whole[name]), (WHOLE[:end], name)


def agrees(part, whole):
    if isinstance(part, str):
        return whole.startswith(part)
    if isinstance(part, list):
        return all(agrees(*pair) for pair in zip(part, whole))
    if isinstance(part, dict):
        return all(agrees(part[name], whole[name]) for name in part)
    return part == whole
