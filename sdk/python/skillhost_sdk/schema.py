"""JSON Schema from types, and values of those types from JSON.

Taken are `str`, `int`, `float`, `bool`, `None`, `Any`, `list[T]`, `dict[str, T]`, `Literal`, `Enum`, unions, dataclasses and
`TypedDict`s. `Annotated[T, "what it is"]` adds a description.
"""

import dataclasses
import functools
import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

from .errors import Invalid

T = TypeVar("T")
Json = Any
"""What `json.loads` gives."""

_MAX_DEPTH = 64
"""The deepest schema that the host takes."""
_MAX_NESTING = 200
"""The deepest JSON that is read: about a tenth of what the component's stack holds."""
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
"""A text, or a bracket outside of one. A text without an end is one, too, so that no part is looked at twice."""


def schema_of(kind: object, *, strict: bool = False) -> dict[str, Json]:
    """The JSON Schema of a type. `TypeError` says what can't be described.

    A `strict` one is for models, as every provider takes it: each field is required, and null stands for what is left out.
    """
    return _schema(kind, strict, 0)


def decode(kind: type[T], value: Json) -> T:
    """The value as one of the type. `Invalid` names the place that doesn't fit."""
    return typing.cast(T, _decode(kind, value, ""))


def decode_text(kind: type[T], text: str) -> T:
    """The same for JSON text."""
    return decode(kind, load_json(text))


def load_json(text: str) -> Json:
    """`json.loads`, with `Invalid` where it is none.

    Text that is nested thousands of levels deep would take the component's stack, and with it the component.
    """
    if text.count("[") + text.count("{") > _MAX_NESTING and _nesting(text) > _MAX_NESTING:
        raise Invalid(f"JSON that is nested more than {_MAX_NESTING} levels deep is not read")
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise Invalid(f"this is not JSON: {error}") from None


def _no_number(name: str) -> Json:
    raise ValueError(f"{name} is no number")


def _nesting(text: str) -> int:
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in "]}":
            depth -= 1
    return deepest


def encode(value: object) -> Json:
    """The value as JSON: the reverse of `decode`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of an object, or a parameter of a function."""

    name: str
    kind: object
    required: bool


@functools.cache
def parameters_of(function: Callable[..., object]) -> tuple[Field, ...]:
    """The parameters of a function that come from JSON."""
    hints = typing.get_type_hints(function, include_extras=True)
    fields = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"{function.__name__}: `{parameter}` can't come from JSON, which has names and values")
        if name not in hints:
            raise TypeError(f"{function.__name__}: `{name}` has no type")
        fields.append(Field(name, hints[name], parameter.default is parameter.empty))
    return tuple(fields)


def object_schema(fields: tuple[Field, ...], *, strict: bool = False) -> dict[str, Json]:
    """The schema of an object with exactly these fields."""
    return _object(fields, strict, 0)


def decode_fields(fields: tuple[Field, ...], value: Json, at: str = "") -> dict[str, Any]:
    """The fields of an object; those that are not there are left out. Null stands for what is not there, too."""
    if not isinstance(value, dict):
        raise _unfit(at, "an object")
    known = {field.name for field in fields}
    for name in value:
        if name not in known:
            raise Invalid(f"there is no field {_below(at, name)!r}; the fields are {', '.join(field.name for field in fields)}")
    decoded = {}
    for field in fields:
        if field.name in value and not (value[field.name] is None and not field.required and not _takes_none(field.kind)):
            decoded[field.name] = _decode(field.kind, value[field.name], _below(at, field.name))
        elif field.required:
            raise Invalid(f"{_below(at, field.name)!r} is missing")
    return decoded


_SIMPLE: dict[object, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_WANTED: dict[object, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def _schema(kind: object, strict: bool, depth: int) -> dict[str, Json]:
    if depth > _MAX_DEPTH:
        raise TypeError(f"{kind} is nested too deep, or holds itself: a schema can't say so")
    if kind in (Any, object):
        return {}
    if kind is None:
        kind = type(None)
    if kind in _SIMPLE:
        return {"type": _SIMPLE[kind]}
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        schema = _schema(arguments[0], strict, depth)
        description = next((item for item in arguments[1:] if isinstance(item, str)), None)
        return schema if description is None else {**schema, "description": description}
    if origin is typing.Literal:
        return _choices(list(arguments))
    if origin in (typing.Union, types.UnionType):
        return _union([_schema(argument, strict, depth + 1) for argument in arguments])
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], strict, depth + 1)}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": _schema(arguments[1], strict, depth + 1)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choices([member.value for member in kind])
    fields = _fields(kind)
    if fields is None:
        raise TypeError(f"{kind} has no JSON Schema")
    return _object(fields, strict, depth)


def _object(fields: tuple[Field, ...], strict: bool, depth: int) -> dict[str, Json]:
    properties = {}
    for field in fields:
        schema = _schema(field.kind, strict, depth + 1)
        properties[field.name] = _union([schema, {"type": "null"}]) if strict and not field.required else schema
    required = [field.name for field in fields if strict or field.required]
    return {
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _choices(values: list[Json]) -> dict[str, Json]:
    if None in values:  # A manifest is TOML, which has no null to list.
        return _union([_choices([value for value in values if value is not None]), {"type": "null"}])
    kinds = list(dict.fromkeys(_SIMPLE.get(type(value), "") for value in values))
    if not values or "" in kinds:
        raise TypeError(f"{values} are no choices: only texts, numbers, booleans and None are")
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": values}


def _union(schemas: list[dict[str, Json]]) -> dict[str, Json]:
    """`string or null` is said in one `type`, which every provider takes; everything else with `anyOf`."""
    description = {key: value for schema in schemas for key, value in schema.items() if key == "description"}
    bare = [{key: value for key, value in schema.items() if key != "description"} for schema in schemas]
    if {} in bare:
        return description
    if all(set(schema) == {"type"} for schema in bare):
        kinds = [kind for schema in bare for kind in _listed(schema["type"])]
        return {"type": list(dict.fromkeys(kinds)), **description}
    unique = [schema for at, schema in enumerate(bare) if schema not in bare[:at]]
    return {"anyOf": unique, **description} if len(unique) > 1 else {**unique[0], **description}


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _fields(kind: object) -> tuple[Field, ...] | None:
    """The fields of a dataclass or a TypedDict; None for any other type."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        missing = dataclasses.MISSING
        return tuple(
            Field(field.name, hints[field.name], field.default is missing and field.default_factory is missing)
            for field in dataclasses.fields(kind)
            if field.init
        )
    if typing.is_typeddict(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        required = getattr(kind, "__required_keys__")
        return tuple(Field(name, _bare(hint), name in required) for name, hint in hints.items())
    return None


def _bare(hint: object) -> object:
    """Without `Required` and `NotRequired`, which say it of the field."""
    while typing.get_origin(hint) in (typing.Required, typing.NotRequired):
        hint = typing.get_args(hint)[0]
    return hint


def _takes_none(kind: object) -> bool:
    if typing.get_origin(kind) is typing.Annotated:
        return _takes_none(typing.get_args(kind)[0])
    return kind in (None, type(None), Any, object) or type(None) in typing.get_args(kind)


def _decode(kind: object, value: Json, at: str) -> Any:
    if kind in (Any, object):
        return value
    if kind is None:
        kind = type(None)
    if kind in _SIMPLE:
        return _decode_simple(kind, value, at)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _decode(arguments[0], value, at)
    if origin is typing.Literal:
        if not any(value == choice and type(value) is type(choice) for choice in arguments):
            raise _unfit(at, f"one of {', '.join(map(str, arguments))}")
        return value
    if origin in (typing.Union, types.UnionType):
        return _decode_union(arguments, value, at)
    if origin is list:
        if not isinstance(value, list):
            raise _unfit(at, "a list")
        return [_decode(arguments[0], item, f"{at}[{number}]") for number, item in enumerate(value)]
    if origin is dict:
        if not isinstance(value, dict):
            raise _unfit(at, "an object")
        return {key: _decode(arguments[1], item, _below(at, key)) for key, item in value.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        for member in kind:
            if member.value == value and type(member.value) is type(value):
                return member
        raise _unfit(at, f"one of {', '.join(str(member.value) for member in kind)}")
    fields = _fields(kind)
    if fields is None:
        raise TypeError(f"{kind} can't be read from JSON")
    decoded = decode_fields(fields, value, at)
    return kind(**decoded) if isinstance(kind, type) and not typing.is_typeddict(kind) else decoded


def _decode_simple(kind: object, value: Json, at: str) -> Json:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)  # JSON knows one kind of number: 3.0 is a whole one.
    if type(value) is not kind:
        raise _unfit(at, _WANTED[kind])
    return value


def _decode_union(kinds: tuple[object, ...], value: Json, at: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    kinds = tuple(kind for kind in kinds if kind is not type(None))
    errors = []
    for kind in kinds:
        try:
            return _decode(kind, value, at)
        except Invalid as error:
            errors.append(str(error))
    raise Invalid(errors[0] if len(errors) == 1 else f"{at or 'the value'} fits none of its types: {'; '.join(errors)}")


def _below(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _unfit(at: str, wanted: str) -> Invalid:
    return Invalid(f"{at!r} must be {wanted}" if at else f"the value must be {wanted}")
