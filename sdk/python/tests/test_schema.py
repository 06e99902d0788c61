"""JSON Schema from types, and values from JSON."""

import unittest
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from skillhost_sdk import Invalid, decode, decode_text, encode, schema_of
from skillhost_sdk.schema import load_json


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Inner:
    colour: Colour
    size: Annotated[int, "in pixels"] = 3


class Pair(TypedDict):
    left: str
    right: NotRequired[str]


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    many: list[Inner] = field(default_factory=list)
    how: Literal["fast", "slow"] = "fast"
    maybe: str | None = None
    pairs: dict[str, Pair] = field(default_factory=dict)
    number: float = 0.0


@dataclass
class Tree:
    children: "list[Tree]"


class Schema(unittest.TestCase):
    def test_a_type_has_a_schema(self) -> None:
        inner = {
            "type": "object",
            "properties": {
                "colour": {"type": "string", "enum": ["red", "blue"]},
                "size": {"type": "integer", "description": "in pixels"},
            },
            "required": ["colour"],
            "additionalProperties": False,
        }
        self.assertEqual(schema_of(Inner), inner)
        outer = schema_of(Outer)
        self.assertEqual(outer["required"], ["name", "inner"])
        self.assertEqual(outer["properties"]["many"], {"type": "array", "items": inner})
        self.assertEqual(outer["properties"]["maybe"], {"type": ["string", "null"]})
        self.assertEqual(outer["properties"]["how"], {"type": "string", "enum": ["fast", "slow"]})
        pair = outer["properties"]["pairs"]["additionalProperties"]
        self.assertEqual((list(pair["properties"]), pair["required"]), (["left", "right"], ["left"]))
        self.assertEqual(schema_of(Inner | None), {"anyOf": [inner, {"type": "null"}]})
        self.assertEqual(schema_of(dict[str, Any]), {"type": "object", "additionalProperties": {}})

    def test_a_strict_one_requires_each_field(self) -> None:
        schema = schema_of(Inner, strict=True)
        self.assertEqual(schema["required"], ["colour", "size"])
        self.assertEqual(schema["properties"]["size"], {"type": ["integer", "null"], "description": "in pixels"})

    def test_null_is_no_choice_among_others(self) -> None:
        self.assertEqual(
            schema_of(Literal["a", None]), {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}
        )

    def test_what_has_no_schema_is_said(self) -> None:
        for kind in (bytes, Tree, dict[int, str], set[str]):
            with self.subTest(kind=kind), self.assertRaises(TypeError):
                schema_of(kind)


class Values(unittest.TestCase):
    def test_json_becomes_a_value_and_back(self) -> None:
        value = {
            "name": "ü",
            "inner": {"colour": "red", "size": 4.0},
            "many": [{"colour": "blue"}],
            "how": "slow",
            "maybe": None,
            "pairs": {"a": {"left": "b"}},
            "number": 1,
        }
        outer = decode(Outer, value)
        self.assertEqual(outer.inner, Inner(Colour.RED, 4))
        self.assertEqual((outer.many, outer.how, outer.number), ([Inner(Colour.BLUE)], "slow", 1.0))
        self.assertEqual(decode(Outer, encode(outer)), outer)

    def test_null_stands_for_what_is_left_out(self) -> None:
        self.assertEqual(decode(Inner, {"colour": "red", "size": None}), Inner(Colour.RED))

    def test_what_does_not_fit_is_named(self) -> None:
        inner = {"colour": "red"}
        for value, words in [
            ({"inner": inner}, "'name' is missing"),
            ({"name": "a", "inner": {"colour": "green"}}, "'inner.colour' must be one of red, blue"),
            ({"name": "a", "inner": inner, "many": [inner, 7]}, "'many[1]' must be an object"),
            ({"name": True, "inner": inner}, "'name' must be a string"),
            ({"name": "a", "inner": {**inner, "size": True}}, "'inner.size' must be a whole number"),
            ({"name": "a", "inner": inner, "else": 1}, "there is no field 'else'; the fields are name, inner"),
            ({"name": "a", "inner": inner, "maybe": 7}, "'maybe' must be a string"),
            ([], "the value must be an object"),
        ]:
            with self.subTest(words=words), self.assertRaises(Invalid) as raised:
                decode(Outer, value)
            self.assertIn(words, str(raised.exception))

    def test_text_that_is_no_json_is_refused(self) -> None:
        for text in ("", "{", '{"name": NaN}', "1" * 5_000, "[" * 100_000, '{"a":' * 100_000, '["' * 201):
            with self.subTest(text=text[:10]), self.assertRaises(Invalid):
                decode_text(Outer, text)

    def test_brackets_in_texts_are_no_nesting(self) -> None:
        many = '"' + "[{" * 500 + '\\"' + '"'
        self.assertEqual(len(load_json(many)), 1001)
        self.assertEqual(load_json("[" + "[]," * 500 + "1]")[-1], 1)

    def test_a_text_without_an_end_takes_no_time(self) -> None:
        with self.assertRaises(Invalid):
            load_json("[" * 300 + '"' + '\\"' * 200_000)

    def test_what_json_can_not_say_is_refused(self) -> None:
        for value in ({1, 2}, object(), b"x"):
            with self.assertRaises(TypeError):
                encode(value)


if __name__ == "__main__":
    unittest.main()
