"""What stands in a report beside its levels rests on the same records and the same options."""

from typing import TYPE_CHECKING

import numpy as np

from divide_index.cells import Cell
from divide_index.errors import PublicationError
from divide_index.levels import LevelResult
from divide_index.publication.decompositions import PublishedDecomposition
from divide_index.publication.report.outlook import Outlook
from divide_index.target import LeverResult, TargetResult

if TYPE_CHECKING:
    from divide_index.change import ChangeResult
    from divide_index.decomposition import DecompositionResult

_ALIKE = 1e-9  # percentage points: sums of the same records in another order


def check_decomposition(decomposition: "DecompositionResult", levels: LevelResult) -> None:
    """Refuse a decomposition that is not one of these levels.

    Raises
    ------
    PublicationError
        DI-E256: of other scores. DI-E257: with other options. DI-E255: of groups that the levels
        do not hold, so that disclosure control would not see them.
    """
    if decomposition.scores is not levels.scores:
        raise PublicationError("DI-E256")
    pairs = {
        "formula": (levels.formula, decomposition.formula),
        "confidence": (levels.confidence, decomposition.confidence),
        "where": (levels.where, decomposition.where),
        "cases": (levels.cases, "available"),  # what a decomposition holds its levels against
    }
    differing = [f"{name} {a} / {b}" for name, (a, b) in pairs.items() if a != b]
    if differing:
        raise PublicationError("DI-E257", options=differing)
    published = PublishedDecomposition(decomposition, None)
    splitting = [
        Cell(*pair)
        for cell in decomposition.cells
        for pair in cell.codes
        if pair[0] in published.splits_of(cell)
    ]
    held = set(levels.cells)
    lacking = [cell for cell in (*decomposition.cells, *splitting) if cell not in held]
    if lacking:
        names = list(dict.fromkeys(f"{cell.domain}/{cell.category}" for cell in lacking))
        raise PublicationError("DI-E255", cells=names)


def check_target(target: TargetResult, levels: LevelResult) -> None:
    """Refuse distances to a target that are not those of some levels.

    Raises
    ------
    PublicationError
        DI-E248: of other records, or another level of the target's group. DI-E259: with other
        options, or of another year.
    """
    name = "distance_to_target"
    _check_records(name, target.levels, levels)
    year = levels.scores.survey.schema.survey.year
    _check_options(name, target.levels, levels, year=(year, target.year))
    _check_alike(name, target.levels, levels, [Cell("group", target.target.group)])


def check_outlook(outlook: Outlook, levels: LevelResult) -> None:
    """Refuse levers that are not those of some levels, or of parts that these do not hold.

    Raises
    ------
    PublicationError
        DI-E248, DI-E259: as :func:`check_target`. DI-E267: of parts that disclosure control would
        not see.
    """
    name = "lever_effects"
    target = levels.scores.survey.schema.target
    known = {cell.domain for cell in levels.cells}
    for each in (outlook.levers, *outlook.parts):
        _check_records(name, each.levels, levels)
        own = None if target is None else target.group
        measure = None if target is None else target.dimension
        pairs = {"definition": (own, each.definition), "measure": (measure, each.dimension)}
        _check_options(name, each.levels, levels, **pairs)
        _check_alike(name, each.levels, levels, [Cell("group", each.definition)])
    domains = [f"group*{domain_of(each)}" for each in outlook.parts]
    lacking = [domain for domain in domains if domain not in known]
    if lacking:
        raise PublicationError("DI-E267", part=name, cells=lacking)


def domain_of(levers: LeverResult) -> str:
    """Return the domain whose parts some levers raise."""
    return next((each.name.partition("/")[0] for each in levers.levers if each.kind == "part"), "")


def check_years(years: "ChangeResult", levels: LevelResult) -> None:
    """Refuse years of which the last one has not these levels.

    Raises
    ------
    PublicationError
        DI-E248: the last year has other levels. DI-E259: with other options, or it is another
        year. DI-E267: it has cells that the levels do not, so that disclosure control would not
        see them.
    """
    name = "compare_years"
    last = years.waves.years[-1]
    theirs = years.results[last]
    year = levels.scores.survey.schema.survey.year
    _check_options(name, theirs, levels, year=(year, years.years[-1]))
    held = set(levels.cells)
    lacking = [cell for cell in dict.fromkeys(theirs.cells) if cell not in held]
    if lacking:
        names = [f"{cell.domain}/{cell.category}" for cell in lacking]
        raise PublicationError("DI-E267", part=name, cells=names)
    _check_alike(name, theirs, levels, theirs.cells)


def _check_records(name: str, theirs: LevelResult, levels: LevelResult) -> None:
    if theirs.scores.frame is not levels.scores.frame:
        raise PublicationError("DI-E248", part=name)


def _check_options(
    name: str, theirs: LevelResult, levels: LevelResult, **more: tuple[object, object]
) -> None:
    pairs: dict[str, tuple[object, object]] = {
        "formula": (levels.formula, theirs.formula),
        "cases": (levels.cases, theirs.cases),
        "confidence": (levels.confidence, theirs.confidence),
        "df": (levels.df, theirs.df),
        "where": (levels.where, theirs.where),
        **more,
    }
    differing = [f"{option} {a} / {b}" for option, (a, b) in pairs.items() if a != b]
    if differing:
        raise PublicationError("DI-E259", part=name, options=differing)


def _check_alike(
    name: str, theirs: LevelResult, levels: LevelResult, cells: "list[Cell] | tuple[Cell, ...]"
) -> None:
    """Refuse other levels, errors or respondents of the same cells."""
    wanted = set(cells)

    def rows(result: LevelResult) -> dict[tuple[Cell, str], tuple[float, ...]]:
        keys = zip(result.cells, result.dimensions, strict=True)
        numbers = zip(
            result.estimate.values.tolist(),
            result.std_errors.tolist(),
            result.n.tolist(),
            strict=True,
        )
        return {key: each for key, each in zip(keys, numbers, strict=True) if key[0] in wanted}

    ours, others = rows(levels), rows(theirs)
    shared = [key for key in others if key in ours]
    first, second = (np.array([each[key] for key in shared]) for each in (ours, others))
    if not np.allclose(first, second, rtol=_ALIKE, atol=_ALIKE, equal_nan=True):
        raise PublicationError("DI-E248", part=name)
