"""Every group against the reference at once: what its composition explains, and the rest."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from divide_index import engine
from divide_index.cells import REFERENCE, Cell, codes_of
from divide_index.decomposition.cases import (
    WHOLE,
    Basis,
    Records,
    asked_cells,
    case_findings,
    defining_factors,
    margins_of,
    members_of,
)
from divide_index.decomposition.factors import (
    Choice,
    Covariates,
    chosen,
    covariates,
    nested_sets,
    term_variables,
    variable_of,
)
from divide_index.decomposition.result import (
    INTERACTION,
    TOTAL,
    DecompositionResult,
    Part,
    PartRow,
    PathRow,
)
from divide_index.errors import EstimationError, Finding
from divide_index.inference.estimate import Estimate, check_confidence
from divide_index.inference.gaps import GapParts, People, decompose_gaps
from divide_index.inference.ratios import Formula, Linearised, linearise_levels
from divide_index.inference.totals import psu_sums
from divide_index.schema import OVERALL, SurveySchema, category_rule, parse_condition
from divide_index.scoring import Scores

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


def decompose_gap(
    scores: Scores,
    by: Sequence[str] | str | None = None,
    *,
    groups: Sequence[str] | str | None = None,
    factors: Sequence[str] | str | None = None,
    cells: Sequence[str] | None = None,
    nested: Sequence[Sequence[str]] | None = None,
    where: str | None = None,
    formula: Formula | None = None,
    confidence: float = 0.95,
) -> DecompositionResult:
    """Divide groups' distances from the reference into what their composition explains, and a rest.

    One weighted regression of each dimension on the factors, with an effect of every cell of the
    reference, gives slopes ``β``. A group's part for a factor is what its own mix of categories,
    held against the reference's, makes at these slopes; parts sum exactly to the group's level on
    complete cases minus 100. "Unexplained" holds the place and whatever was not asked: it is
    neither discrimination nor a cause.

    Parameters
    ----------
    scores
        From :func:`divide_index.score`.
    by
        Domains, and crosses such as ``"region*area"``, whose cells are decomposed; as in
        :func:`divide_index.relative_levels`. Of a cross of two, the unexplained part is divided
        into the two domains and their interaction.
    groups
        Groups to decompose; every group of the schema by default.
    factors
        Names of the schema's factors, domains, or variables, or a formula such as
        ``"sex * age + log(income)"``; the schema's factors by default. A factor that defines a
        group is left out for that group, and named.
    cells
        Domains whose crossed categories have effects of their own in the regression; the schema's
        by default, and without these the groups and domains asked for. The explained part depends
        on them: they are named in the result.
    nested
        Sets of factors that enter one after the other; the schema's steps by default.
    where
        A condition: a domain that every group is crossed with. The reference stays whole.
    formula
        ``weighted_ratios`` or ``ratio_of_composites``; the schema's by default.
    confidence
        Of the intervals, between 0 and 1.

    Returns
    -------
    DecompositionResult
        With design-based standard errors of every part, total and difference.

    Raises
    ------
    EstimationError
        An unknown or absent group, domain, or factor; factors that repeat each other, do not vary,
        or have too many categories; a group that is the whole reference, or has no complete case;
        fewer degrees of freedom than columns.
    SchemaError
        A condition that cannot be read.
    DesignError
        A stratum with a single PSU, unless the survey says what it shall contribute.

    References
    ----------
    Jann (2008), Stata Journal 8(4), 453-479; Fortin (2008), Journal of Human Resources 43(4),
    884-918; Gelbach (2016), Journal of Labor Economics 34(2), 509-543.
    """
    schema = scores.survey.schema
    formula = formula or schema.formula
    check_confidence(confidence)
    if formula not in get_args(Formula):
        raise EstimationError("DI-E117", option="formula", value=formula, valid=get_args(Formula))
    choice = chosen(schema, factors)
    sets = nested_sets(choice, nested)
    asked = [by] if isinstance(by, str) else list(by or ())
    sheet = _Sheet.of(Records.of(scores, choice), asked, groups, where)
    place = _Place.of(sheet, cells)
    fits = sheet.fits(place, sets, formula)
    degrees = sheet.degrees_of_freedom()
    rows, estimate = _estimate(sheet, fits, degrees)
    path_rows, path = _path(sheet, fits, degrees)
    return DecompositionResult(
        estimate=estimate,
        rows=rows,
        levels=_levels(sheet, fits, degrees, formula),
        bases=tuple(sheet.bases[cell] for cell in sheet.shown),
        reference=sheet.records.basis(WHOLE, sheet.records.reference),
        choice=choice,
        place=place.names,
        path=path,
        path_rows=path_rows,
        sets=sets,
        complete=sheet.complete,
        by=tuple(asked),
        groups=(groups,) if isinstance(groups, str) else None if groups is None else tuple(groups),
        formula=formula,
        confidence=confidence,
        where=where,
        scores=scores,
        findings=_findings(sheet, degrees, where),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """The parts of the groups that share their factors, and the same for every nested set.

    ``terms`` are the blocks of ``parts``; ``steps`` what the first sets leave, in order.
    """

    cells: tuple[Cell, ...]
    terms: tuple[str, ...]
    parts: GapParts
    steps: tuple["_Step", ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """What is explained when some sets have entered, ``(G, B, D)`` for the terms ``B`` of them.

    What is left is ``rest`` ``(G, D)``, with its PSU totals ``moves`` ``(P, G, D)``.
    """

    terms: tuple[str, ...]
    explained: Floats
    rest: Floats
    moves: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """The groups of a decomposition with their members.

    ``members`` of those ``asked`` for, and of the domains whose unexplained parts split a cross;
    ``left_out`` the factors that define each, ``bases`` whom it rests on.
    """

    records: Records
    members: dict[Cell, Mask]
    asked: tuple[Cell, ...]
    left_out: dict[Cell, frozenset[str]]
    bases: dict[Cell, Basis]

    @classmethod
    def of(
        cls,
        records: Records,
        by: list[str],
        groups: Sequence[str] | str | None,
        where: str | None,
    ) -> "_Sheet":
        scores, schema = records.scores, records.schema
        asked = asked_cells(scores, by, groups, where)
        if not asked:
            known, domains = [*schema.groups], [*schema.domains]
            raise EstimationError("DI-E289", groups=known, domains=domains)
        members = members_of(scores, [*by, *margins_of(by, groups)], groups, where)
        left_out = {cell: defining_factors(cell, records.choice, schema, where) for cell in members}
        bases = {cell: records.basis(cell, mask, left_out[cell]) for cell, mask in members.items()}
        sheet = cls(records, members, asked, left_out, bases)
        sheet.check(has_condition=where is not None)
        return sheet

    @property
    def shown(self) -> list[Cell]:
        return [cell for cell in self.asked if self.bases[cell].n]

    @property
    def dimensions(self) -> list[str]:
        return [*self.records.schema.dimensions]

    @property
    def complete(self) -> Mask:
        """Who is a complete case of every group they are in: groups leave out other factors.

        Disclosure control counts these, so that no group is taken for larger than it is.
        """
        counted = self.records.cases(self.records.reference)
        refused = np.zeros_like(counted)
        for cell in self.shown:
            cases = self.records.cases(self.members[cell], self.left_out[cell])
            counted = counted | cases
            refused = refused | (self.members[cell] & ~cases)
        return counted & ~refused

    def check(self, *, has_condition: bool) -> None:
        """Refuse groups that cannot be held against the reference."""
        records = self.records
        records.check_reference()
        reference = records.cases(records.reference)
        named = [cell for cell in self.asked if cell.domain == "group"]
        absent = [cell.category for cell in named if not self.bases[cell].members]
        if absent and not has_condition:
            raise EstimationError("DI-E061", groups=absent)
        empty = [cell for cell in named if not self.bases[cell].n]
        if (empty and not has_condition) or not self.shown:
            empty = empty or list(self.asked)
            lacking = [name for cell in empty for name in records.lacking_all(self.members[cell])]
            names = [cell.category for cell in empty]
            raise EstimationError("DI-E291", groups=names, factors=list(dict.fromkeys(lacking)))
        whole = [
            cell.category
            for cell in named
            if np.array_equal(records.cases(self.members[cell], self.left_out[cell]), reference)
        ]
        if whole:
            raise EstimationError("DI-E292", groups=whole)
        factors = set(records.choice.factors)
        nothing = [f"{c.domain}/{c.category}" for c in self.asked if self.left_out[c] >= factors]
        if nothing:
            raise EstimationError("DI-E290", cells=nothing, factors=sorted(factors))

    def fits(self, place: "_Place", sets: Sequence[Sequence[str]], formula: Formula) -> list[_Fit]:
        """Return the parts of all groups, those that share their factors together."""
        kept = [cell for cell in self.members if self.bases[cell].n]
        usable = [c for c in kept if not self.left_out[c] >= set(self.records.choice.factors)]
        return [
            self._fit([c for c in usable if self.left_out[c] == each], each, place, sets, formula)
            for each in dict.fromkeys(self.left_out[cell] for cell in usable)
        ]

    def _fit(
        self,
        cells: Sequence[Cell],
        left_out: frozenset[str],
        place: "_Place",
        sets: Sequence[Sequence[str]],
        formula: Formula,
    ) -> _Fit:
        records = self.records
        choice = records.choice.without(left_out, term_variables(records.choice))
        masks = [records.cases(self.members[cell], left_out) for cell in cells]
        reference = records.cases(records.reference)
        rows = np.flatnonzero(np.logical_or.reduce([reference, *masks]))
        columns = covariates(choice, records.values, rows, reference[rows])
        _check_parameters(records, reference, columns)
        centre = columns.matrix[reference[rows]].mean(axis=0)
        np.subtract(columns.matrix, centre, out=columns.matrix)  # only differences count
        fitting = _Fitting(
            People(
                scores=records.y[rows],
                covariates=columns.matrix,
                weights=records.weights[rows],
                psu=records.unit[rows],
                cells=np.where(reference, place.cells(self, left_out), -1)[rows],
            ),
            [mask[rows] for mask in masks],
            columns,
            records,
            formula,
        )
        parts = fitting.parts(columns.terms)
        steps: list[_Step] = [_nothing_entered(parts)]
        for entered in accumulate(map(tuple, sets)):
            present = tuple(term for term in columns.terms if term in entered)
            if present:  # else each of the set's factors defines the groups
                found = parts if present == columns.terms else fitting.parts(present)
                moves = found.psu_totals[:, :, -1]
                steps.append(_Step(present, found.explained, found.unexplained, moves))
            else:
                steps.append(_nothing_entered(parts))
        return _Fit(tuple(cells), columns.terms, parts, tuple(steps))

    def degrees_of_freedom(self) -> dict[Cell, float]:
        """Return each group's degrees of freedom: the smaller of its own and the reference's."""
        records = self.records
        kept = [cell for cell in self.members if self.bases[cell].n]
        masks = [records.cases(records.reference)]
        masks += [records.cases(self.members[cell], self.left_out[cell]) for cell in kept]
        own = records.scores.survey.design.domain_degrees_of_freedom(records.held(masks))
        smaller = np.maximum(np.minimum(own[1:], own[0]), 0.0)
        return dict(zip(kept, smaller.tolist(), strict=True))


def _nothing_entered(parts: GapParts) -> _Step:
    gaps, moves = parts.parts.sum(axis=1), parts.psu_totals.sum(axis=2)
    return _Step((), parts.explained[:, :0], gaps, moves)


@dataclass(frozen=True, slots=True, eq=False)
class _Fitting:
    """Persons, groups and columns: fitted with all terms, and with the first of them."""

    people: People
    groups: list[Mask]
    columns: Covariates
    records: Records
    formula: Formula

    def parts(self, terms: Collection[str]) -> GapParts:
        """Return the parts of every group for some of the terms.

        Raises
        ------
        EstimationError
            DI-E260: columns repeat each other inside the cells, by name.
        """
        every = dict(zip(self.columns.terms, self.columns.blocks, strict=True))
        blocks = [block for term, block in every.items() if term in terms]
        used = list(chain.from_iterable(blocks))
        starts = list(accumulate(map(len, blocks), initial=0))
        try:
            return decompose_gaps(
                self.people if len(blocks) == len(every) else self.people.of_columns(used),
                self.groups,
                [range(start, start + len(b)) for start, b in zip(starts, blocks, strict=False)],
                self.records.shares,
                formula=self.formula,
                psus=self.records.units,
            )
        except EstimationError as error:
            if error.code != "DI-E260":
                raise
            wrong: list[int] = error.params["columns"]  # pyright: ignore[reportAssignmentType]
            names = [self.columns.columns[used[k]] for k in wrong]
            raise EstimationError("DI-E260", columns=names) from error


def _check_parameters(records: Records, reference: Mask, columns: Covariates) -> None:
    """Refuse more columns than the reference's PSUs have degrees of freedom."""
    held = records.held([reference])
    design = records.scores.survey.design
    degrees = int(design.domain_degrees_of_freedom(held)[0])
    count = len(columns.columns)
    if degrees < count:
        raise EstimationError(
            "DI-E293",
            df=degrees,
            psus=int(design.psus_held(held).sum()),
            count=count,
            factors=columns.terms,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """The cells of the regression: crossed domains, or where there are none the groups asked for.

    ``names`` are the domains; ``fixed`` each record's cell, shape ``(n,)``, None for the groups.
    """

    names: tuple[str, ...]
    fixed: Indices | None

    @classmethod
    def of(cls, sheet: "_Sheet", cells: Sequence[str] | str | None) -> "_Place":
        """Return the domains asked for, else those of the schema.

        Raises
        ------
        EstimationError
            DI-E124: no such domain. DI-E294: a factor is the variable of one.
        """
        records, schema = sheet.records, sheet.records.schema
        declared = () if schema.decomposition is None else schema.decomposition.cells
        given = [cells] if isinstance(cells, str) else cells
        names = tuple(declared if given is None else given)
        _check_place(names, records.choice, schema)
        if not names and given is None:
            return cls((), None)
        codes = [_categories(records.scores, name) for name in names]
        return cls(names, _crossed(codes, records.weights.size))

    def cells(self, sheet: "_Sheet", left_out: frozenset[str]) -> Indices:
        """Return each record's cell for groups that leave some factors out, shape ``(n,)``.

        A group that a factor in use defines is no cell: the factor would hardly vary inside it.
        """
        if self.fixed is not None:
            return self.fixed
        places = [m for cell, m in sheet.members.items() if sheet.left_out[cell] <= left_out]
        return _crossed([m.astype(np.intp) for m in places], sheet.records.weights.size)


def _crossed(codes: Sequence[Indices], size: int) -> Indices:
    """Return the combination of codes of each record; -1, no category, is a code like others."""
    position = np.zeros(size, dtype=np.intp)
    for code in codes:
        both = position * (int(code.max(initial=0)) + 2) + code + 1
        position = np.unique(both, return_inverse=True)[1].astype(np.intp)
    return position


def _categories(scores: Scores, domain: str) -> Indices:
    schema = scores.survey.schema
    variable, rule = schema.domains[domain].variable, category_rule(schema, domain)
    return engine.categories(scores.frame, schema, variable, rule)[1]


def _check_place(names: Sequence[str], choice: Choice, schema: SurveySchema) -> None:
    for name in names:
        if name not in schema.domains:
            known = [*schema.domains]
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            raise EstimationError("DI-E124", domain=name, nearest=near, known=known)
    variables = {schema.domains[name].variable: name for name in names}
    for name, factor in choice.factors.items():
        domain = variables.get(variable_of(factor, schema))
        if domain is not None:
            raise EstimationError("DI-E294", factor=name, domain=domain)


# -- estimates -------------------------------------------------------------------------------


def _estimate(
    sheet: _Sheet, fits: Sequence[_Fit], degrees: Mapping[Cell, float]
) -> tuple[tuple[PartRow, ...], Estimate]:
    """Return every part of every group, with the joint covariance of all of them."""
    # Of a group that only splits a cross, what is unexplained is all that enters.
    blocks: list[tuple[Cell, str]] = []
    values: list[Floats] = []
    totals: list[Floats] = []
    for fit in fits:
        for index, cell in enumerate(fit.cells):
            start = 0 if cell in sheet.asked else len(fit.terms)
            blocks += [(cell, term) for term in (*fit.terms, TOTAL)[start:]]
            values.append(fit.parts.parts[index, start:].reshape(-1))
            moves = fit.parts.psu_totals[:, index, start:]
            totals.append(moves.reshape(sheet.records.units, -1))
    position = {key: index for index, key in enumerate(blocks)}
    size = len(sheet.dimensions)
    rows: list[PartRow] = []
    contrasts: list[Floats] = []
    of_rows: list[float] = []
    for cell in sheet.shown:
        fit = next(each for each in fits if cell in each.cells)
        for offset, dimension in enumerate([*sheet.dimensions, OVERALL]):
            columns = slice(None) if dimension == OVERALL else slice(offset, offset + 1)
            for (part, factor), signs in _signs(cell, fit).items():
                contrast = np.zeros((len(position), size))
                for key, sign in signs.items():
                    contrast[position[key], columns] = sign
                rows.append(PartRow(cell, dimension, part, factor))
                contrasts.append(contrast.ravel())
                of_rows.append(min(degrees[each] for each, _ in signs))
    every = _of_totals(
        sheet,
        [f"{r.cell.domain}/{r.cell.category}/{r.dimension}/{r.part}/{r.factor}" for r in rows],
        (np.concatenate(values), np.hstack(totals)),
        np.stack(contrasts),
        np.array(of_rows),
    )
    return tuple(rows), every


def _signs(cell: Cell, fit: _Fit) -> dict[tuple[Part, str], dict[tuple[Cell, str], float]]:
    """Return what each part of a group adds up: blocks of a group and a term, with a sign."""
    explained = {(cell, term): 1.0 for term in fit.terms}
    rest = {(cell, TOTAL): 1.0}
    signs: dict[tuple[Part, str], dict[tuple[Cell, str], float]] = {
        ("gap", TOTAL): explained | rest,
        ("explained", TOTAL): explained,
        **{("explained", term): {(cell, term): 1.0} for term in fit.terms},
        ("unexplained", TOTAL): rest,
    }
    margins = {name: Cell(name, code) for name, code in cell.codes if name != "group"}
    if len(cell.codes) == len(margins) == 2 and set(margins.values()) <= set(fit.cells):  # noqa: PLR2004
        for name, margin in margins.items():
            signs["unexplained", name] = {(margin, TOTAL): 1.0}
        taken = {(margin, TOTAL): -1.0 for margin in margins.values()}
        signs["unexplained", INTERACTION] = rest | taken
    return signs


def _path(
    sheet: _Sheet, fits: Sequence[_Fit], degrees: Mapping[Cell, float]
) -> tuple[tuple[PathRow, ...], Estimate]:
    """Return the gap that is left after each set of factors has entered; before any, the gap."""
    rows: list[PathRow] = []
    values: list[Floats] = []
    totals: list[Floats] = []
    for cell in sheet.shown:
        fit = next(each for each in fits if cell in each.cells)
        index = fit.cells.index(cell)
        for number, step in enumerate(fit.steps):
            explained = np.column_stack([step.explained[index], step.explained[index].sum(axis=1)])
            rows += [
                PathRow(
                    cell, dimension, number, dict(zip(step.terms, column.tolist(), strict=True))
                )
                for dimension, column in zip((*sheet.dimensions, OVERALL), explained.T, strict=True)
            ]
            moves = step.moves[:, index]
            values.append(np.append(step.rest[index], step.rest[index].sum()))
            totals.append(np.column_stack([moves, moves.sum(axis=1)]))
    estimate = _of_totals(
        sheet,
        [f"{r.cell.domain}/{r.cell.category}/{r.dimension}/{r.step}" for r in rows],
        (np.concatenate(values), np.hstack(totals)),
        None,
        np.array([degrees[row.cell] for row in rows]),
    )
    return tuple(rows), estimate


def _levels(
    sheet: _Sheet, fits: Sequence[_Fit], degrees: Mapping[Cell, float], formula: Formula
) -> Estimate:
    """Return each group's level on available cases, on complete cases, and the difference."""
    records = sheet.records
    reference = _sums(records, records.reference)
    values: list[float] = []
    totals: list[Floats] = []
    for cell in sheet.shown:
        fit = next(each for each in fits if cell in each.cells)
        index = fit.cells.index(cell)
        own = _sums(records, sheet.members[cell])
        level: Linearised = linearise_levels(
            own.sum(axis=0), reference.sum(axis=0), records.shares, formula
        )
        available = own @ level.cell[-1] + reference @ level.reference[-1]
        complete = fit.parts.psu_totals[:, index].sum(axis=(1, 2))
        here = float(level.levels[-1]), 100 + float(fit.parts.gaps[index])
        values += [*here, here[0] - here[1]]
        totals.append(np.column_stack([available, complete, available - complete]))
    return _of_totals(
        sheet,
        [
            f"{cell.domain}/{cell.category}/{name}"
            for cell in sheet.shown
            for name in ("available", "complete", "difference")
        ],
        (np.array(values), np.hstack(totals)),
        None,
        np.repeat([degrees[cell] for cell in sheet.shown], 3),
    )


def _sums(records: Records, mask: Mask) -> Floats:
    """Return ``W_1, Y_1, W_2, Y_2, …`` of a group's available cases by PSU, ``(P, 2 D)``."""
    y = records.y[mask]
    known = ~np.isnan(y)
    v = np.empty((y.shape[0], 2 * y.shape[1]))
    v[:, 0::2], v[:, 1::2] = known, np.where(known, y, 0.0)
    return psu_sums(records.weights[mask, None] * v, records.unit[mask], records.units)


def _of_totals(
    sheet: _Sheet,
    names: Sequence[str],
    found: tuple[Floats, Floats],
    matrix: Floats | None,
    degrees: Floats,
) -> Estimate:
    """Return linear combinations of values whose PSU totals are known."""
    values, totals = found
    covariance = sheet.records.scores.survey.design.covariance(totals)
    if matrix is not None:
        values, covariance = matrix @ values, matrix @ covariance @ matrix.T
    return Estimate(tuple(names), values, covariance, degrees)


def _findings(
    sheet: _Sheet, degrees: Mapping[Cell, float], where: str | None
) -> tuple[Finding, ...]:
    records = sheet.records
    found = _unplaced(sheet, where)
    names = {cell: f"{cell.domain}/{cell.category}" for cell in sheet.asked}
    left_out = dict.fromkeys(sheet.left_out[c] for c in sheet.shown if sheet.left_out[c])
    for factors in left_out:
        cells = [names[c] for c in sheet.shown if sheet.left_out[c] == factors]
        found.append(Finding.of("DI-W260", factors=sorted(factors), cells=cells))
    empty = [
        names[c]
        for c in sheet.asked
        if not sheet.bases[c].n and (sheet.bases[c].members or c.domain == "group")
    ]
    if empty:
        found.append(Finding.of("DI-W261", cells=empty))
    found += case_findings(records.scores.survey, [sheet.bases[cell] for cell in sheet.shown])
    no_variance = [names[c] for c in sheet.shown if degrees[c] < 1]
    if no_variance:
        found.append(Finding.of("DI-W063", cells=no_variance))
    depending = records.choice.depends_on_base()
    if depending:
        found.append(Finding.of("DI-W266", terms=list(depending)))
    return tuple(found)


def _unplaced(sheet: _Sheet, where: str | None) -> list[Finding]:
    """Return who of the populations that are cut stands in none of their cells."""
    records, schema = sheet.records, sheet.records.schema
    inside = np.ones(records.weights.size, dtype=bool)
    if where is not None:
        inside = engine.mask(records.scores.frame, parse_condition(where), schema)
    pairs: dict[tuple[str, str], None] = {}
    for cell in sheet.asked:
        codes = dict(codes_of(cell))
        group = codes.pop("group", REFERENCE)
        pairs |= dict.fromkeys((group, domain) for domain in codes)
    found: list[Finding] = []
    for population, domain in pairs:
        members = records.reference
        if population != REFERENCE:
            condition = schema.groups[population].where
            members = engine.mask(records.scores.frame, condition, schema)
        people = members & inside
        lost = people & (_categories(records.scores, domain) < 0)
        if lost.any():
            total = float(records.weights[people].sum())
            share = float(records.weights[lost].sum()) / total if total else 0.0
            count, percent = int(lost.sum()), 100 * share
            found.append(
                Finding.of(
                    "DI-W032",
                    population=population,
                    domain=domain,
                    count=count,
                    percent=percent,
                )
            )
    return found
