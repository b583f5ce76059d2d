"""What every part of a schema is made of: typed leaves, labels, evidence."""

import datetime as dt
import difflib
import math
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from divide_index.errors import SchemaError
from divide_index.schema.conditions import Condition, parse_condition

_TOLERANCE = 1e-9

Lang = Literal["ko", "en"]


def wrong(code: str, **params: object) -> PydanticCustomError:
    """Return a validation error that carries a message code."""
    return PydanticCustomError(code, "{code}", {"code": code, **params})  # pyright: ignore[reportArgumentType]


def _number(value: object) -> float:
    """Accept a number as YAML means it; a quoted number is a slip, not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong("DI-E140")
    return float(value)


def _code(value: object) -> int | float | str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise wrong("DI-E141")
    if isinstance(value, float) and not math.isfinite(value):
        raise wrong("DI-E141")
    return value


def _condition(value: object) -> Condition:
    if not isinstance(value, str):
        raise wrong("DI-E142")
    try:
        return parse_condition(value)
    except SchemaError as error:  # as an error of pydantic's, it is told together with others
        raise wrong(error.code, **error.params) from None


def _identifier(value: object) -> str:
    if not isinstance(value, str) or not value.isidentifier() or value.startswith("_"):
        raise wrong("DI-E143")
    return value


Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Weight = Annotated[float, BeforeValidator(_number), Field(gt=0, le=1)]
Code = Annotated[int | float | str, BeforeValidator(_code)]
Where = Annotated[
    Any,
    BeforeValidator(_condition),
    PlainSerializer(repr, return_type=str),
    WithJsonSchema({"type": "string"}),
]  # a Condition; its dataclasses are parsed here
Name = Annotated[
    str, BeforeValidator(_identifier), WithJsonSchema({"type": "string", "pattern": r"^\w+$"})
]


class Node(BaseModel):
    """A part of a schema: frozen, and a key it does not know is an error with a suggestion."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _knows_every_key(cls, data: Any) -> Any:  # noqa: ANN401
        if not isinstance(data, dict):
            raise wrong("DI-E144")
        block = cast("dict[object, Any]", data)
        for key in block:
            if key not in cls.model_fields:
                near = difflib.get_close_matches(str(key), cls.model_fields, n=1, cutoff=0.0)
                raise wrong("DI-E069", key=str(key), nearest=near)
        return block


class Text(Node):
    """A label in two languages."""

    ko: str
    """In Korean."""
    en: str
    """In English."""

    @model_validator(mode="before")
    @classmethod
    def _one_word_for_both(cls, data: Any) -> Any:  # noqa: ANN401
        if isinstance(data, bool | int | float | dt.date):
            raise wrong("DI-E173")
        return {"ko": data, "en": data} if isinstance(data, str) else data

    def of(self, lang: Lang) -> str:
        """Return the label in a language."""
        return self.ko if lang == "ko" else self.en


class Evidence(Node):
    """Where an element of the method comes from, and how sure it is."""

    source: str | None = None
    """The document that says so, or how it is known."""
    assumed: StrictBool = False
    """True where nobody has confirmed it; `source` and `alternatives` are then required."""
    alternatives: tuple[str, ...] = ()
    """What it could be instead, in words."""

    @model_validator(mode="after")
    def _assumption_is_explained(self) -> Self:
        if self.assumed and not (self.source and self.alternatives):
            raise wrong("DI-E145")
        return self


def sum_to_one(weights: dict[str, float], what: str) -> None:
    """Refuse weights that do not sum to one; nothing is rescaled silently."""
    total = sum(weights.values())
    if abs(total - 1) > _TOLERANCE:
        raise wrong("DI-E068", what=what, total=total)
