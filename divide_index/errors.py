"""The errors of the project: a code, its parameters, and nothing else.

The words belong to :mod:`divide_index.messages`; a code never changes its meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from divide_index import messages


class DivideIndexError(Exception):
    """Anything that stops a computation, told to the person who holds the file.

    Parameters
    ----------
    code
        A stable code such as ``"DI-E034"``; its words are in the message catalogues.
    params
        What the words name: columns, rows, codes, counts. Never a respondent's answers.
    """

    def __init__(self, code: str, /, **params: object) -> None:
        super().__init__(code, params)
        self.code = code
        self.params: Mapping[str, object] = MappingProxyType(params)

    def __str__(self) -> str:
        return messages.render(self.code, "en", self.params)

    def within(self, source: str) -> Self:
        """Return the same error, told of one of several files."""
        return type(self)(self.code, **{**self.params, "source": source})


class SchemaError(DivideIndexError):
    """A survey schema is missing, malformed or contradicts itself."""


class InputError(DivideIndexError):
    """The microdata do not say what the schema says they say."""


class DesignError(DivideIndexError):
    """The sampling design admits no variance, or contradicts itself."""


class EstimationError(DivideIndexError):
    """A level is undefined for these data."""


class OutputError(DivideIndexError):
    """A result cannot be written where it was asked to be written."""


class PublicationError(DivideIndexError):
    """A report cannot be made of these results, or on this machine."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A number that is right but surprising: a code (W or I) and its parameters.

    A number that may be wrong is never a finding; it is an error.
    """

    code: str
    params: Mapping[str, object]

    @classmethod
    def of(cls, code: str, **params: object) -> "Finding":
        """Return a finding."""
        return cls(code, MappingProxyType(params))

    def __str__(self) -> str:
        return messages.render(self.code, "en", self.params)

    def within(self, source: str) -> "Finding":
        """Return the same finding, told of one of several files."""
        return Finding.of(self.code, **{**self.params, "source": source})
