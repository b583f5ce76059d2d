"""The cells of a table, and their sums: reference, groups, averages, domains, crosses."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.engine import GroupedSums, Membership, Moments
from divide_index.errors import EstimationError, Finding
from divide_index.schema import (
    Condition,
    Or,
    SurveySchema,
    category_rule,
    code_text,
    parse_condition,
)
from divide_index.scoring import Scores
from divide_index.survey import Survey

Floats = NDArray[np.float64]

REFERENCE = "reference"
GROUP = "group"
WHERE = "where"


@dataclass(frozen=True, slots=True)
class Cell:
    """One population of a result: its domain, its category, and the codes it crosses."""

    domain: str
    category: str
    codes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Margin:
    """Cells of one kind: who is in them (all of some populations) and what cuts them.

    Parameters
    ----------
    populations
        The populations whose overlap is cut.
    domain
        The cells' domain; ``category`` names the only cell of a margin that is not cut.
    group
        The group whose cells these are, if one was selected.
    domains, keys
        The domains it is cut by and the columns that hold their categories.
    """

    populations: tuple[str, ...]
    domain: str
    category: str = ""
    group: str | None = None
    domains: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    def cell(self, codes: tuple[str, ...]) -> Cell:
        """Return the cell of a tuple of category codes."""
        if not self.domains:
            return Cell(self.domain, self.category)
        named = tuple(zip(self.domains, codes, strict=True))
        if self.group is not None:
            named = (("group", self.group), *named)
        crossed = named if len(named) > 1 else ()
        return Cell(self.domain, "*".join(code for _, code in named), crossed)


@dataclass(frozen=True, slots=True)
class Request:
    """What to compute, checked against the schema.

    Populations by name (None is everybody), margins to sum, the groups and averages among them,
    the text of the condition they are crossed with, and the column of each domain.
    """

    populations: dict[str, Condition | None]
    margins: tuple[Margin, ...]
    groups: tuple[str, ...]
    averages: tuple[str, ...]
    where: str | None
    domain_keys: dict[str, str]


def requested(
    schema: SurveySchema,
    *,
    by: Sequence[str],
    groups: Sequence[str] | None,
    where: str | None,
    averages: bool = True,
) -> Request:
    """Return the cells of a request.

    Parameters
    ----------
    schema
        The survey's schema.
    by
        Domains, or crosses such as ``region*area``: cells of the reference population, or of
        the selected groups. ``group*region`` are cells of groups, selected or not.
    groups
        Groups to select; None is every group, and averages of them.
    where
        The text of a condition: a domain that every cell but the reference is crossed with.
    averages
        Whether averages of groups have cells of their own.

    Raises
    ------
    EstimationError
        An unknown domain or group, with the nearest.
    SchemaError
        A condition that cannot be read, or on what the schema does not declare.
    """
    chosen = _known_groups(schema, groups)
    populations: dict[str, Condition | None] = {REFERENCE: schema.reference.where}
    populations |= {f"group:{name}": schema.groups[name].where for name in chosen}
    averaged = tuple(schema.averages) if averages and groups is None else ()
    if where is not None:  # given totals are those of whole groups, and no part's average
        averaged = tuple(n for n in averaged if "estimated" in schema.averages[n].members.values())
    for name in averaged:
        members = tuple(schema.groups[member].where for member in schema.averages[name].members)
        populations[f"average:{name}"] = Or(members)
    inside: tuple[str, ...] = ()
    margins = [Margin((REFERENCE,), "total", "total")]
    if where is not None:
        condition = parse_condition(where)
        schema.check_condition(condition)
        populations[WHERE] = condition
        inside = (WHERE,)
        margins.append(Margin((REFERENCE, WHERE), WHERE, where))
    margins += [Margin((f"average:{name}", *inside), "average", name) for name in averaged]
    margins += [Margin((f"group:{name}", *inside), "group", name) for name in chosen]
    cuts = dict.fromkeys(_cut(schema, text, every=groups is not None) for text in by)
    for of_groups, domains in cuts:
        keys = tuple(key_column(schema, name) for name in domains)
        if not of_groups:
            title = "*".join(domains)
            margins.append(Margin((REFERENCE, *inside), title, domains=domains, keys=keys))
            continue
        title = "*".join((GROUP, *domains))
        for name in chosen:
            people = (f"group:{name}", *inside)
            margins.append(Margin(people, title, group=name, domains=domains, keys=keys))
    domain_keys = {
        name: key for each in margins for name, key in zip(each.domains, each.keys, strict=True)
    }
    return Request(populations, tuple(margins), chosen, averaged, where, domain_keys)


@dataclass(frozen=True, slots=True, eq=False)
class CellSums:
    """What is known of one cell: sums over its members, for ``D`` scores and ``U`` units.

    Parameters
    ----------
    cell
        Whose sums these are.
    unit
        The units that hold members, shape ``(G,)``.
    by_unit
        ``W_1, Y_1, W_2, Y_2, …`` in each of them, shape ``(G, 2 D)``.
    total
        The same over all units, shape ``(2 D,)``.
    moments, shared
        ``Σ w v v'`` by sample, over the cell and over its part inside the reference, each of
        shape ``(S, 2 D, 2 D)``.
    weights
        Of all members, scored or not, in every unit, shape ``(U,)``.
    counts
        Records with a positive weight and a score, by score and with any, ``(U, D + 1)``.
    """

    cell: Cell
    unit: NDArray[np.intp]
    by_unit: Floats
    total: Floats
    moments: Floats
    shared: Floats
    weights: Floats
    counts: Floats

    def unit_totals(self, coefficients: Floats, units: int) -> Floats:
        """Return ``Σ w z`` of every unit for influences linear in the sums, shape ``(U, k)``.

        Parameters
        ----------
        coefficients
            Shape ``(k, 2 D)``.
        units
            Number of units of the design.
        """
        totals = np.zeros((units, coefficients.shape[0]))
        np.add.at(totals, self.unit, self.by_unit @ coefficients.T)
        return totals


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """The sums of every cell for each set of scores, and who is in no cell.

    ``uncategorised`` gives, by population and domain, the number of records without a category
    and their share of the weight; ``unknown`` the same, by population, of records whose answers
    leave open whether they belong to it.
    """

    sets: list[list[CellSums]]
    uncategorised: dict[tuple[str, str], tuple[int, float]]
    unknown: dict[str, tuple[int, float]]


def summed(
    scores: Scores, request: Request, sets: Sequence[Sequence[str]], *, second: bool
) -> Sums:
    """Return the sums of every requested cell for each set of scores, the reference first.

    Parameters
    ----------
    scores
        Persons, scored.
    request
        From :func:`requested`.
    sets
        Sets of ``D`` columns of the scores' frame.
    second
        Whether second moments of the first set are wanted, for design effects.
    """
    survey = scores.survey
    domain_keys = request.domain_keys
    moments = Moments(
        scores.frame,
        survey.schema,
        sets=sets,
        conditions=request.populations,
        keys={key: category_rule(survey.schema, name) for name, key in domain_keys.items()},
        second=second,
    )
    cells: list[list[CellSums]] = [[] for _ in sets]
    by_keys = {keys: moments.sums(keys) for keys in {part.keys: None for part in request.margins}}
    for margin in request.margins:
        sums = by_keys[margin.keys]
        for codes, rows in _rows_of_cells(margin, sums, survey):
            for index in range(len(sets)):
                cells[index].append(_cell_sums(margin.cell(codes), sums, rows, survey, index))
    lost = {
        (_named(margin.populations), name): moments.without_category(margin.populations, key)
        for margin in request.margins
        for name, key in zip(margin.domains, margin.keys, strict=True)
    }
    return Sums(
        cells, {place: found for place, found in lost.items() if found[0]}, moments.unknown()
    )


def _named(populations: tuple[str, ...]) -> str:
    return " & ".join(name.removeprefix("group:") for name in populations)


def unplaced(sums: Sums) -> list[Finding]:
    """Return who of the populations listed stands in none of their rows, as findings."""
    return [
        *(
            Finding.of(
                "DI-W032", population=population, domain=domain, count=count, percent=100 * share
            )
            for (population, domain), (count, share) in sums.uncategorised.items()
        ),
        *(
            Finding.of("DI-W033", population=_named((name,)), count=count, percent=100 * share)
            for name, (count, share) in sums.unknown.items()
        ),
    ]


def requested_cells(scores: Scores, request: Request) -> list[Cell]:
    """Return every requested cell once, the reference first.

    Parameters
    ----------
    scores
        Persons, scored: where a domain declares no codes, those that they have.
    request
        From :func:`requested`.
    """
    schema, frame = scores.survey.schema, scores.frame
    undeclared = {
        name: engine.categories(frame, schema, key, category_rule(schema, name))[0]
        for name, key in request.domain_keys.items()
        if not _declared_codes(schema, name)
    }
    cells: list[Cell] = []
    for margin in request.margins:
        observed = list(product(*(undeclared.get(name, [""]) for name in margin.domains)))
        every = declared_cells(schema, margin.domains, observed) if margin.domains else [()]
        cells += [margin.cell(codes) for codes in every]
    return list(dict.fromkeys(cells))


def cell_members(scores: Scores, request: Request) -> list[tuple[Cell, NDArray[np.bool_]]]:
    """Return every requested cell with its members, shape ``(n,)``, the reference first.

    Parameters
    ----------
    scores
        Persons, scored.
    request
        From :func:`requested`.
    """
    schema = scores.survey.schema
    keys = {key: category_rule(schema, name) for name, key in request.domain_keys.items()}
    cells = requested_cells(scores, request)
    wanted = [membership_of(cell, schema, request.where) for cell in cells]
    kind, members = engine.memberships(scores.frame, schema, wanted, keys)
    return [(cell, members[kind, index]) for index, cell in enumerate(cells)]


def codes_of(cell: Cell) -> Sequence[tuple[str, str]]:
    """Return the domains and codes that cut a cell out of its population."""
    if cell.domain in {"total", "where", "group", "average"}:
        return ()
    return cell.codes or ((cell.domain, cell.category),)


def membership_of(cell: Cell, schema: SurveySchema, where: str | None) -> Membership:
    """Return who is in a cell: populations and categories, for :func:`engine.memberships`."""
    reference: Condition | None = schema.reference.where
    if cell.domain == "total":
        return Membership((reference,))
    inside = () if where is None else (parse_condition(where),)
    match cell.domain:
        case "where":
            return Membership((reference, *inside))
        case "average":
            members = schema.averages[cell.category].members
            union = Or(tuple(schema.groups[name].where for name in members))
            return Membership((union, *inside))
        case "group":
            return Membership((schema.groups[cell.category].where, *inside))
        case _:
            codes = dict(codes_of(cell))
            group = codes.pop("group", None)
            people = reference if group is None else schema.groups[group].where
            categories = tuple((key_column(schema, n), code) for n, code in codes.items())
            return Membership((people, *inside), categories)


def design_findings(survey: Survey) -> list[Finding]:
    """Return what is to be known of errors where the data do not tell the whole design."""
    kinds = {"none": "DI-W066", "weights only": "DI-W067", "stratified": "DI-W068"}
    return [Finding.of(kinds[survey.design_kind])] if survey.design_kind in kinds else []


def cell_columns(cells: Sequence[Cell]) -> dict[str, list[str]]:
    """Return the columns that name cells: domain, category, and each crossed variable."""
    crossed = list(dict.fromkeys(name for cell in cells for name, _ in cell.codes))
    return {
        "domain": [cell.domain for cell in cells],
        "category": [cell.category for cell in cells],
        **{name: [dict(cell.codes).get(name, "") for cell in cells] for name in crossed},
    }


def _rows_of_cells(
    margin: Margin, sums: GroupedSums, survey: Survey
) -> Iterator[tuple[tuple[str, ...], NDArray[np.intp]]]:
    """Yield the category codes of every cell of a margin and the rows of its sums."""
    members = np.logical_and.reduce([sums.flags[name] for name in margin.populations])
    if not margin.domains:
        yield (), np.flatnonzero(members)
        return
    wanted = declared_cells(survey.schema, margin.domains, sorted(set(sums.cells)))
    position = {codes: index for index, codes in enumerate(wanted)}
    of_row = np.array([position[codes] for codes in sums.cells], dtype=np.intp)
    for codes, index in position.items():
        yield codes, np.flatnonzero(members & (of_row == index))


def _cell_sums(
    cell: Cell, sums: GroupedSums, rows: NDArray[np.intp], survey: Survey, index: int
) -> CellSums:
    unit, by_unit = sums.unit[rows], sums.sums[index][rows]
    weights = np.zeros(survey.design.units)
    np.add.at(weights, unit, sums.weights[rows])
    counts = np.zeros((survey.design.units, sums.counts[index].shape[1]))
    np.add.at(counts, unit, sums.counts[index][rows])
    samples = survey.samples_of_units()[unit]
    shape = (int(survey.psus.samples.max()) + 1, by_unit.shape[1], by_unit.shape[1])
    moments, shared = np.zeros(shape), np.zeros(shape)
    if sums.moments is not None and index == 0:
        inside = sums.flags[REFERENCE][rows]
        np.add.at(moments, samples, sums.moments[rows])
        np.add.at(shared, samples[inside], sums.moments[rows[inside]])
    return CellSums(cell, unit, by_unit, by_unit.sum(axis=0), moments, shared, weights, counts)


def key_column(schema: SurveySchema, domain: str) -> str:
    """Return the column that holds a domain's categories."""
    if category_rule(schema, domain) is not None:
        return f"domain:{domain}"
    return schema.domains[domain].variable


def declared_cells(
    schema: SurveySchema, domains: tuple[str, ...], observed: list[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Return the categories of a domain or cross in the schema's order, the empty ones too."""
    orders: list[list[str]] = []
    for position, name in enumerate(domains):
        declared = _declared_codes(schema, name)
        if not declared:
            seen = {cell[position] for cell in observed}
            declared = sorted(seen, key=lambda code: (_as_number(code), code))
        orders.append(declared)
    return list(product(*orders))


def _declared_codes(schema: SurveySchema, domain: str) -> list[str]:
    definition = schema.domains[domain]
    codes = definition.bands or schema.variables[definition.variable].codes
    return [code_text(code) for code in codes]


def _as_number(code: str) -> float:
    try:
        return float(code)
    except ValueError:
        return float("inf")


def _known_groups(schema: SurveySchema, groups: Sequence[str] | None) -> tuple[str, ...]:
    if groups is None:
        return tuple(schema.groups)
    groups = [groups] if isinstance(groups, str) else groups
    for name in groups:
        if name not in schema.groups:
            known = [*schema.groups]
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            raise EstimationError("DI-E123", group=name, nearest=near, known=known)
    return tuple(dict.fromkeys(groups))


def _cut(schema: SurveySchema, text: str, *, every: bool) -> tuple[bool, tuple[str, ...]]:
    """Return whether a text asks for cells of groups, and by which domains it cuts them."""
    names = [part.strip() for part in text.split("*")]
    of_groups = GROUP in names and len(names) > 1
    if of_groups:
        names.remove(GROUP)
    return of_groups or every, _known_domains(schema, names, text)


def _known_domains(schema: SurveySchema, names: list[str], text: str) -> tuple[str, ...]:
    for name in names:
        if name not in schema.domains:
            known = [*schema.domains]
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            raise EstimationError("DI-E124", domain=name, nearest=near, known=known)
    if len(set(names)) < len(names):
        raise EstimationError("DI-E125", domain=text)
    return tuple(names)
