"""JSON schemas: the strict form that servers take, and whether a value fits."""

import sys

from helpers import error_of

from thinwire.core.conversation.json_schema import Misfit, check, prune, resolved, strict

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
NULL = {"type": "null"}
TREE = {
    "type": "object",
    "properties": {"name": TEXT, "below": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["name"],
}
NODES = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, NULL]}, "a/b": TEXT},
            "required": ["next"],
        }
    },
}


def shape(properties, required=None):
    result = {"type": "object", "properties": properties}
    if required is not None:
        result["required"] = required
    return result


def closed(properties):
    result = shape(properties, list(properties))
    result["additionalProperties"] = False
    return result


def test_the_strict_form():
    cases = [
        (shape({"a": TEXT}, ["a"]), closed({"a": TEXT})),
        # What may be missing may be null in its place.
        (shape({"a": TEXT}), closed({"a": {"anyOf": [TEXT, NULL]}})),
        (shape({"a": NULL}), closed({"a": NULL})),
        (
            shape({"a": {"anyOf": [TEXT, NUMBER]}}),
            closed({"a": {"anyOf": [TEXT, NUMBER, NULL]}}),
        ),
        (shape({"a": {"anyOf": [TEXT, NULL]}}), closed({"a": {"anyOf": [TEXT, NULL]}})),
        (
            shape({"a": {"type": "string", "description": "why", "default": "x"}}),
            closed({"a": {"anyOf": [TEXT, NULL], "description": "why"}}),
        ),
        (shape({"a": {"type": ["string", "null"]}}), closed({"a": {"type": ["string", "null"]}})),
        # Bounds are for the model to read.
        (
            shape({"a": {"type": "integer", "minimum": 1, "maximum": 3}}, ["a"]),
            closed({"a": {"type": "integer", "description": "(minimum: 1, maximum: 3)"}}),
        ),
        (
            shape({"a": {"type": "string", "pattern": "a+", "description": "An a."}}, ["a"]),
            closed({"a": {"type": "string", "description": "An a. (pattern: a+)"}}),
        ),
        (
            shape({"a": {"type": "string", "format": "date"}}, ["a"]),
            closed({"a": {"type": "string", "format": "date"}}),
        ),
        (
            shape({"a": {"type": "string", "format": "uri"}}, ["a"]),
            closed({"a": {"type": "string", "description": "(format: uri)"}}),
        ),
        # Words that one of the wires does not have.
        (
            shape({"a": {"oneOf": [TEXT, NUMBER], "discriminator": {}}}, ["a"]),
            closed({"a": {"anyOf": [TEXT, NUMBER]}}),
        ),
        (
            shape({"a": {"allOf": [TEXT], "title": "A"}}, ["a"]),
            closed({"a": {"type": "string", "title": "A"}}),
        ),
        (
            shape({"a": {"type": "array", "prefixItems": [TEXT, NUMBER, TEXT]}}, ["a"]),
            closed({"a": {"type": "array", "items": {"anyOf": [TEXT, NUMBER]}}}),
        ),
        (
            shape({"a": {"prefixItems": [TEXT], "items": NUMBER}}, ["a"]),
            closed({"a": {"items": {"anyOf": [TEXT, NUMBER]}}}),
        ),
        (
            shape({"a": {"type": "array", "prefixItems": [TEXT, TEXT]}}, ["a"]),
            closed({"a": {"type": "array", "items": TEXT}}),
        ),
        (shape({"a": {"enum": [1, "b"]}}, ["a"]), closed({"a": {"enum": [1, "b"]}})),
        (shape({"a": {"const": 1}}, ["a"]), closed({"a": {"const": 1}})),
        # Objects in objects; one without properties that is closed.
        (shape({"a": shape({"b": TEXT}, ["b"])}, ["a"]), closed({"a": closed({"b": TEXT})})),
        (
            shape({"a": {"type": "object", "additionalProperties": False}}, ["a"]),
            closed({"a": closed({})}),
        ),
        (
            TREE,
            closed(
                {
                    "name": TEXT,
                    "below": {"anyOf": [{"type": "array", "items": {"$ref": "#"}}, NULL]},
                }
            ),
        ),
        # Nothing stands beside a $ref.
        (
            shape({"a": {"$ref": "#", "description": "it again", "title": "A"}}, ["a"]),
            closed({"a": {"anyOf": [{"$ref": "#"}], "description": "it again"}}),
        ),
    ]
    for schema, want in cases:
        before = repr(schema)
        assert strict(schema) == want, (schema, strict(schema))
        assert repr(schema) == before
        assert strict(want) == want, want


def test_the_strict_form_of_definitions():
    node = closed(
        {"next": {"anyOf": [{"$ref": "#/$defs/node"}, NULL]}, "a/b": {"anyOf": [TEXT, NULL]}}
    )
    want = dict(node)
    want["$defs"] = {"node": node}
    assert strict(NODES) == want
    old = {"$ref": "#/definitions/a", "definitions": {"a": shape({"b": TEXT}, ["b"])}}
    want = closed({"b": TEXT})
    want["definitions"] = {"a": closed({"b": TEXT})}
    assert strict(old) == want


def test_what_has_no_strict_form():
    cases = [
        ({}, "schema: anything"),
        (TEXT, "not of an object"),
        ({"type": "object"}, "schema: an object of any keys"),
        (shape({"a": {"type": "object"}}), "a.: an object of any keys"),
        ({"type": "object", "additionalProperties": TEXT}, "an object of any keys"),
        (shape({"a": True}), "a.: anything goes"),
        (shape({"a": {}}), "a.: anything goes"),
        (shape({"a": {"type": "array"}}), "a.[]: anything goes"),
        (shape({"a": {"allOf": [TEXT, NUMBER]}}), "a.: allOf"),
        ({"allOf": [TEXT, NUMBER]}, "schema: allOf"),
    ]
    for schema, words in cases:
        assert words in str(error_of(ValueError, strict, schema)), schema


def test_a_ref_is_followed():
    root = {"$defs": {"a~b/c": TEXT, "x": {"$ref": "#/$defs/a~0b~1c"}, "y": {"$ref": "#/$defs/y"}}}
    assert resolved({"$ref": "#/$defs/x"}, root) == TEXT
    assert resolved({"$ref": "#"}, root) is root
    assert resolved(True, root) is True
    for ref in ("#/$defs/z", "#/$defs/x/y/z", "other.json", "#/none/x"):
        assert "has no %s" % ref in str(error_of(ValueError, resolved, {"$ref": ref}, root)), ref
    assert "circle" in str(error_of(ValueError, resolved, {"$ref": "#/$defs/y"}, root))


FITS = [
    (True, 1),
    ({}, [1, {"a": None}]),
    (TEXT, ""),
    (NUMBER, 3),
    (NUMBER, 3.0),
    ({"type": "number"}, 3.5),
    ({"type": "number"}, 3),
    ({"type": "boolean"}, False),
    (NULL, None),
    ({"type": ["string", "null"]}, None),
    ({"enum": ["a", 1]}, 1),
    ({"const": "a"}, "a"),
    ({"anyOf": [TEXT, NUMBER]}, 4),
    ({"oneOf": [TEXT, NUMBER]}, "b"),
    ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, 2),
    ({"type": "array", "items": NUMBER}, [1, 2]),
    ({"prefixItems": [TEXT], "items": NUMBER}, ["a", 1, 2]),
    ({"type": "array"}, [1, "a"]),
    (shape({"a": TEXT}, ["a"]), {"a": "b", "c": 1}),
    (shape({"a": TEXT}), {}),
    (shape({"a": TEXT}), {"a": None}),
    ({"type": "object", "additionalProperties": NUMBER}, {"a": 1}),
    ({"minLength": 1, "maxLength": 2}, "ab"),
    ({"minimum": 1, "exclusiveMaximum": 3, "exclusiveMinimum": 0, "maximum": 5}, 2),
    (TREE, {"name": "a", "below": [{"name": "b", "below": []}]}),
    (NODES, {"next": {"next": None, "a/b": "c"}}),
]
# A schema, a value, the path of what does not fit, a word of why.
MISFITS = [
    (False, 1, "", "nothing"),
    (TEXT, 1, "", "string is expected, not integer"),
    (TEXT, None, "", "not null"),
    (NUMBER, True, "", "not boolean"),
    (NUMBER, 3.5, "", "not number"),
    (NUMBER, float("inf"), "", "not Infinity or NaN"),
    ({"type": "number"}, float("inf"), "", "not Infinity or NaN"),
    ({"type": "number"}, float("nan"), "", "not Infinity or NaN"),
    ({"type": ["string", "null"]}, [], "", "string or null is expected, not array"),
    ({"enum": ["a", 1]}, True, "", "one of"),
    ({"const": 0}, False, "", "0 is expected"),
    ({"anyOf": [TEXT, NUMBER]}, {}, "", "none of 2"),
    ({"anyOf": [shape({"a": TEXT}), NULL]}, {"a": 1}, "a", "string"),
    ({"anyOf": [shape({"a": TEXT}), TEXT]}, None, "", "null fits none"),
    ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, 4, "", "the maximum is 3"),
    ({"type": "array", "items": NUMBER}, [1, "a"], "[1]", "integer"),
    ({"prefixItems": [TEXT], "items": False}, ["a", 1], "[1]", "nothing"),
    (shape({"a": shape({"b": TEXT}, ["b"])}), {"a": {}}, "a.b", "missing"),
    (shape({"a": TEXT}, ["a"]), {"a": None}, "a", "not null"),
    (closed({"a": TEXT}), {"a": "b", "c": 1}, "c", "no such key"),
    ({"additionalProperties": NUMBER}, {"a": "b"}, "a", "integer"),
    ({"minLength": 1}, "", "", "at least 1 are expected, not 0"),
    ({"maxLength": 1}, "ab", "", "at most 1"),
    ({"minItems": 2}, [1], "", "at least 2"),
    ({"maxProperties": 0}, {"a": 1}, "", "at most 0"),
    ({"minimum": 1}, 0, "", "minimum is 1"),
    ({"exclusiveMinimum": 1}, 1, "", "exclusiveMinimum is 1"),
    ({"exclusiveMaximum": 1}, 1.0, "", "exclusiveMaximum is 1"),
    (TREE, {"name": "a", "below": [{"name": "b"}, {"below": []}]}, "below[1].name", "missing"),
    (NODES, {"next": {"next": {"next": 3}}}, "next.next.next", "not integer"),
]


def test_what_fits():
    for schema, value in FITS:
        check(schema, value, schema if isinstance(schema, dict) else {})


def test_what_does_not_fit_is_named_by_its_path():
    for schema, value, path, words in MISFITS:
        root = schema if isinstance(schema, dict) else {}
        error = error_of(Misfit, check, schema, value, root)
        assert error.path == path, (schema, value, error.path)
        assert words in error.why, (schema, value, error.why)
        assert str(error) == (path + ": " + error.why if path else error.why)


def test_a_long_chain_takes_no_longer_than_it_is():
    # Looked at twice at each link, it would take for ever.
    links = 10 if sys.implementation.name == "micropython" else 40  # its stack is a chip's
    value = {"next": 3}
    for _ in range(links):
        value = {"next": value}
    path = ".".join(["next"] * (links + 1))
    assert error_of(Misfit, check, NODES, value, NODES).path == path
    value = {"next": None}
    for _ in range(links):
        value = {"next": value, "a/b": None}
    prune(NODES, value, NODES)
    assert list(value["next"]) == ["next"]


def test_nulls_of_the_strict_form_are_taken_out():
    inner = shape({"a": TEXT, "b": {"anyOf": [TEXT, NULL]}, "c": TEXT, "d": {}}, ["c"])
    cases = [
        (inner, {"a": None, "b": None, "c": None, "d": None}, {"b": None, "c": None, "d": None}),
        (inner, {"z": None, "c": "x"}, {"z": None, "c": "x"}),
        ({"anyOf": [NUMBER, inner]}, {"a": None, "c": "x"}, {"c": "x"}),
        ({"allOf": [inner]}, {"a": None, "c": "x"}, {"c": "x"}),
        ({"items": inner}, [{"a": None, "c": "x"}], [{"c": "x"}]),
        ({"prefixItems": [inner]}, [{"a": None}, {"a": None}], [{}, {"a": None}]),
        ({"additionalProperties": inner}, {"k": {"a": None}}, {"k": {}}),
        (shape({"k": inner}), {"k": {"a": None}}, {"k": {}}),
        (TREE, {"below": [{"name": "a", "below": None}]}, {"below": [{"name": "a"}]}),
        (True, {"a": None}, {"a": None}),
        ({"anyOf": [NUMBER]}, {"a": None}, {"a": None}),
        (TEXT, "a", "a"),
    ]
    for schema, value, want in cases:
        prune(schema, value, schema if isinstance(schema, dict) else {})
        assert value == want, (schema, value)
