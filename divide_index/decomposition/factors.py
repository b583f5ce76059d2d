"""The factors of a decomposition: what groups may differ in, as columns of covariates."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from divide_index import engine
from divide_index.decomposition.formulas import model_columns, terms_of
from divide_index.errors import EstimationError
from divide_index.schema import Factor, SurveySchema, Text, answer_of, category_rule, code_text
from divide_index.scoring import Scores

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

_MOST_CATEGORIES = 50  # beyond it a "factor" is an identifier, and its slopes are noise
RESERVED = frozenset({"total", "constant", "interaction", "scores"})  # words of the results
_FORMULA_SIGNS = frozenset("+*:()~-/^|")


@dataclass(frozen=True, slots=True)
class Choice:
    """The factors of a decomposition, and how they enter.

    Parameters
    ----------
    terms
        The formula's terms, in order: a term is a block of columns.
    formula
        In Wilkinson's notation, as formulaic reads it.
    factors
        What the terms are made of, by name.
    """

    terms: tuple[str, ...]
    formula: str
    factors: Mapping[str, Factor]

    def without(
        self, names: Collection[str], variables_of: Mapping[str, frozenset[str]]
    ) -> "Choice":
        """Return the terms that use none of some factors."""
        kept = tuple(term for term in self.terms if not variables_of[term] & set(names))
        return Choice(kept, " + ".join(kept), self.factors)

    def label(self, term: str, schema: SurveySchema) -> Text:
        """Return what a term is called in print."""
        names = [part.strip() for part in term.split(":")]
        texts = [
            factor_label(self.factors[name], name, schema) for name in names if name in self.factors
        ]
        if len(texts) < len(names):  # a transformation: log(income)
            return Text(ko=term, en=term)
        return Text(ko=" × ".join(t.ko for t in texts), en=" × ".join(t.en for t in texts))

    def depends_on_base(self) -> tuple[str, ...]:
        """Return the terms whose own parts depend on the base categories: only their sum does not.

        They are interactions, and what shares a factor with one.
        """
        made_of = term_variables(self)
        crossed = {name for names in made_of.values() if len(names) > 1 for name in names}
        return tuple(term for term, names in made_of.items() if names & crossed)


def factor_label(factor: Factor, name: str, schema: SurveySchema) -> Text:
    """Return what a factor is called in print."""
    label = factor.label
    if label is None and factor.domain is not None:
        label = schema.domains[factor.domain].label
    if label is None and factor.variable is not None:
        label = schema.variables[factor.variable].label
    return label or Text(ko=name, en=name)


def variable_of(factor: Factor, schema: SurveySchema) -> str:
    """Return the variable that a factor rests on."""
    if factor.domain is not None:
        return schema.domains[factor.domain].variable
    assert factor.variable is not None  # noqa: S101  a factor has one of the two
    return factor.variable


def chosen(schema: SurveySchema, asked: Sequence[str] | str | None) -> Choice:
    """Return the factors asked for, or those of the schema.

    Parameters
    ----------
    schema
        The survey's schema.
    asked
        Names of the schema's factors, domains, or variables; or a formula of them, such as
        ``"sex * age + log(income)"``; None takes the schema's factors.

    Raises
    ------
    EstimationError
        DI-E278: an empty list, or a formula without a term. DI-E281: none asked for and none in
        the schema. DI-E282: an unknown name. DI-E288: a formula that cannot be read.
    """
    if asked is None:
        if schema.decomposition is None:
            known = _known(schema)
            raise EstimationError("DI-E281", schema=schema.name, known=known)
        factors = {name: factor_named(schema, name) for name in schema.decomposition.factors}
        return Choice(tuple(factors), " + ".join(factors), factors)
    if isinstance(asked, str) and _FORMULA_SIGNS & set(asked):
        return _of_formula(schema, asked)
    names = list(dict.fromkeys([asked] if isinstance(asked, str) else asked))
    if not names:
        raise EstimationError("DI-E278", known=_known(schema))
    factors = {name: factor_named(schema, name) for name in names}
    return Choice(tuple(names), " + ".join(names), factors)


def factor_named(schema: SurveySchema, name: str) -> Factor:
    """Return a factor of the schema, or a domain or variable as one.

    Raises
    ------
    EstimationError
        DI-E282: nothing has that name, or it is a text. DI-E277: it is an item of the index, the
        weight or the finite population correction.
    """
    if name in RESERVED:
        raise EstimationError("DI-E282", factor=name, nearest=[], known=_known(schema))
    factor = _found(schema, name)
    if factor is not None:
        variable = variable_of(factor, schema)
        if variable in _taken(schema):
            raise EstimationError("DI-E277", factor=name, variable=variable)
        return factor
    known = _known(schema)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    raise EstimationError("DI-E282", factor=name, nearest=near, known=known)


def _found(schema: SurveySchema, name: str) -> Factor | None:
    if schema.decomposition is not None and name in schema.decomposition.factors:
        return schema.decomposition.factors[name]
    if name in schema.domains:
        return Factor(domain=name)
    declared = schema.variables.get(name)
    if declared is not None and (declared.codes or not declared.is_text):
        return Factor(variable=name)
    return None


def _taken(schema: SurveySchema) -> set[str]:
    """Return the variables that explain nothing: those of the index itself, weight and fpc."""
    scored = {name for item in schema.items.values() for name in item.variables}
    design = {schema.design.weight, schema.design.fpc}
    return scored | {name for name in design if name is not None}


def _known(schema: SurveySchema) -> list[str]:
    declared = [] if schema.decomposition is None else [*schema.decomposition.factors]
    taken = _taken(schema)
    numbers = [n for n, v in schema.variables.items() if v.type == "number" and n not in taken]
    known = dict.fromkeys([*declared, *schema.domains, *numbers])
    return [name for name in known if name not in RESERVED]


def _of_formula(schema: SurveySchema, asked: str) -> Choice:
    made_of = terms_of(asked)
    if not made_of:
        raise EstimationError("DI-E278", known=_known(schema))
    names = sorted({name for names in made_of.values() for name in names})
    factors = {name: factor_named(schema, name) for name in names}
    return Choice(tuple(made_of), " + ".join(made_of), factors)


@dataclass(frozen=True, slots=True, eq=False)
class FactorValues:
    """A factor's values of every record, ``n`` of them.

    ``categories`` are the codes in the order of the schema, None for a number; ``values`` the
    position among them, -1 where unknown, or the number, NaN where unknown.
    """

    categories: tuple[str, ...] | None
    values: Floats | Indices

    @property
    def known(self) -> Mask:
        """Who has a value, shape ``(n,)``."""
        return ~np.isnan(self.values) if self.categories is None else self.values >= 0


def factor_values(scores: Scores, factor: Factor) -> FactorValues:
    """Return a factor's values of every record."""
    schema, frame = scores.survey.schema, scores.frame
    variable = variable_of(factor, schema)
    bands = None if factor.domain is None else category_rule(schema, factor.domain)
    if factor.domain is None and schema.variables[variable].type == "number":
        return FactorValues(None, engine.answers(frame, schema, variable))
    names, positions = engine.categories(frame, schema, variable, bands)
    if bands is not None:
        declared = [name for name, _, _ in bands.bands]
    else:
        silent = {*answer_of(schema, variable).missing, *answer_of(schema, variable).skip_codes}
        declared = [
            code_text(code) for code in schema.variables[variable].codes if code not in silent
        ]
    others = sorted((name for name in names if name not in declared), key=_as_number)
    order = [*declared, *others]
    place = np.array([order.index(name) for name in names] or [0], dtype=np.intp)
    return FactorValues(tuple(order), np.where(positions >= 0, place[positions], -1))


def _as_number(code: str) -> tuple[float, str]:
    try:
        return float(code), code
    except ValueError:
        return np.inf, code


@dataclass(frozen=True, slots=True, eq=False)
class Covariates:
    """Columns of the factors, dummies without their base, ``K`` of them for ``m`` records.

    Parameters
    ----------
    matrix
        Shape ``(m, K)``.
    columns
        What each column is, as term and category, length ``K``.
    terms
        The terms, ``B`` of them.
    blocks
        The columns of each term.
    """

    matrix: Floats
    columns: tuple[str, ...]
    terms: tuple[str, ...]
    blocks: tuple[tuple[int, ...], ...]


def term_variables(choice: Choice) -> dict[str, frozenset[str]]:
    """Return the factors that each term is made of."""
    if choice.terms == tuple(choice.factors):
        return {name: frozenset({name}) for name in choice.terms}
    return terms_of(choice.formula)


def covariates(
    choice: Choice, values: Mapping[str, FactorValues], rows: Indices, is_reference: Mask
) -> Covariates:
    """Return the columns of some records, all of whose factors are known.

    Parameters
    ----------
    choice
        The terms.
    values
        The values of every factor among them, of all records.
    rows
        The records, shape ``(m,)``.
    is_reference
        Which of them are in the reference, shape ``(m,)``.

    Raises
    ------
    EstimationError
        DI-E283: more categories than a factor can have. DI-E284: a category that nobody of the
        reference has. DI-E285: a factor that does not vary in the reference. DI-E287: a
        transformation without a result. DI-E288: a formula that cannot be read.
    """
    used = {name for names in term_variables(choice).values() for name in names}
    data: dict[str, Any] = {}
    labels: dict[str, list[str]] = {}
    for name in (each for each in choice.factors if each in used):
        here = values[name].values[rows]
        categories = values[name].categories
        if categories is None:
            if np.ptp(here[is_reference]) == 0:
                raise EstimationError("DI-E285", factor=name)
            data[name] = here
        else:
            data[name], labels[name] = _dummies(name, here, categories, is_reference)
    matrix, columns, blocks = model_columns(choice.formula, data)
    readable = tuple(_readable(name, labels) for name in columns)
    wrong = [readable[k] for k in np.flatnonzero(~np.isfinite(matrix).all(axis=0))]
    if wrong:
        raise EstimationError("DI-E287", columns=wrong)
    return Covariates(matrix, readable, tuple(blocks), tuple(blocks.values()))


def _dummies(
    name: str, here: Floats | Indices, categories: tuple[str, ...], is_reference: Mask
) -> tuple["pd.Categorical[str]", list[str]]:
    """Return a factor's categories that the reference has, and what they are called."""
    positions = np.asarray(here, dtype=np.intp)
    present = np.flatnonzero(np.bincount(positions[is_reference], minlength=len(categories)))
    if present.size > _MOST_CATEGORIES:
        count = int(present.size)
        raise EstimationError("DI-E283", factor=name, count=count, most=_MOST_CATEGORIES)
    strange = sorted(set(map(int, positions[~is_reference])) - set(map(int, present)))
    if strange:
        raise EstimationError("DI-E284", factor=name, categories=[categories[k] for k in strange])
    if present.size < 2:  # noqa: PLR2004  a single category sets nobody apart
        raise EstimationError("DI-E285", factor=name)
    place = np.zeros(len(categories), dtype=np.intp)
    place[present] = np.arange(present.size)
    codes = pd.Index([str(k) for k in range(present.size)])
    return pd.Categorical.from_codes(place[positions], codes), [categories[k] for k in present]


def _readable(column: str, labels: Mapping[str, list[str]]) -> str:
    """Return the name of a column with its category: ``education=3``."""
    parts: list[str] = []
    for part in column.split(":"):
        name, found, position = part.partition("[T.")
        if not found and part.endswith("]"):
            name, found, position = part.partition("[")
        key = position.removesuffix("]")
        parts.append(f"{name}={labels[name][int(key)]}" if found and name in labels else part)
    return ":".join(parts)


def nested_sets(
    choice: Choice, nested: Sequence[Sequence[str]] | None
) -> tuple[tuple[str, ...], ...]:
    """Return the sets of terms in the order they enter, every term in exactly one.

    Raises
    ------
    EstimationError
        DI-E295: a term is missing, repeated, or unknown. DI-E279: an interaction enters before
        what it is of.
    """
    if nested is None:
        made_of = term_variables(choice)
        step = {term: max(choice.factors[n].step for n in made_of[term]) for term in choice.terms}
        order = sorted(set(step.values()))
        return tuple(tuple(t for t in choice.terms if step[t] == each) for each in order)
    sets = tuple((names,) if isinstance(names, str) else tuple(names) for names in nested)
    given = list(chain.from_iterable(sets))
    if sorted(given) != sorted(choice.terms):
        raise EstimationError("DI-E295", given=given, terms=list(choice.terms))
    made_of = term_variables(choice)
    for number, names in enumerate(sets):
        later = set(chain.from_iterable(sets[number + 1 :]))
        early = [n for n in names for other in later if made_of[other] < made_of[n]]
        if early:  # an interaction without its main effects depends on the base categories
            raise EstimationError("DI-E279", terms=list(dict.fromkeys(early)))
    return sets
