"""Samples for the tests: the small survey of `reference/`, and any that Hypothesis draws."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from hypothesis import strategies as st

from divide_index.inference.design import LonelyPsu
from divide_index.levels import LevelResult, relative_levels
from divide_index.schema import SurveySchema, load_schema
from divide_index.scoring import Scores, score
from divide_index.survey import Survey, read_survey

TESTS = Path(__file__).parent
ROOT = TESTS.parent
REFERENCE = TESTS / "reference"
SCHEMAS = TESTS / "schemas"

DIMENSIONS = ("access", "capability", "usage")


def shared_folder() -> Path | None:
    """Return the folder of shared survey files, or None where there is none."""
    given = os.environ.get("DIVIDE_INDEX_SHARED")
    folder = Path(given) if given else ROOT.parent / "shared"
    return folder if folder.is_dir() else None


@cache
def reference(name: str) -> dict[str, Any]:
    """Return the values that R wrote to `reference/`."""
    return json.loads((REFERENCE / name).read_text(encoding="utf-8"))


# -- the small survey ------------------------------------------------------------------------


@cache
def small_schema() -> SurveySchema:
    """Return the schema of `reference/small.csv`."""
    return load_schema(SCHEMAS / "small.yaml")


def with_design(schema: SurveySchema, **columns: object) -> SurveySchema:
    """Return a schema with other design columns; None takes one away."""
    return schema.model_copy(update={"design": schema.design.model_copy(update=columns)})


def small_frame() -> pd.DataFrame:
    """Return the records of `reference/small.csv`."""
    return pd.read_csv(REFERENCE / "small.csv")


def small_scores(
    schema: SurveySchema | None = None,
    frame: pd.DataFrame | None = None,
    *,
    lonely_psu: LonelyPsu = "fail",
) -> Scores:
    """Return the small survey, or what a test made of it, scored."""
    if schema is None and frame is None:
        return _plain_scores(lonely_psu)
    frame = small_frame() if frame is None else frame
    return score(read_survey(frame, schema or small_schema(), lonely_psu=lonely_psu))


@cache
def _plain_scores(lonely_psu: LonelyPsu) -> Scores:
    """Return the small survey as it is: nothing changes it, so that it is scored once."""
    return score(read_survey(small_frame(), small_schema(), lonely_psu=lonely_psu))


# -- frames of any library -------------------------------------------------------------------


def as_polars(frame: pd.DataFrame) -> pl.DataFrame:
    """Return a pandas frame as Polars would have read it: missing is null."""
    cells = {str(name): frame[name].astype(object).tolist() for name in frame.columns}
    return pl.DataFrame(
        {
            name: [None if pd.isna(cell) else cell for cell in column]
            for name, column in cells.items()
        }
    )


# -- samples that Hypothesis draws -----------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """A drawn survey in the columns of the small one, with the schema that reads it."""

    frame: Any  # pandas as drawn; Polars where a test asks for it
    schema: SurveySchema = field(repr=False)

    @cached_property
    def survey(self) -> Survey:
        """The survey, checked at the door."""
        return read_survey(self.frame, self.schema)

    @cached_property
    def scores(self) -> Scores:
        """Its persons, scored."""
        return score(self.survey)

    def levels(self, by: Sequence[str] = (), **options: Any) -> LevelResult:  # noqa: ANN401
        """Return its levels."""
        return relative_levels(self.scores, by, **options)

    def changed(self, frame: pd.DataFrame) -> "Sample":
        """Return the same schema with other records."""
        return Sample(frame, self.schema)


_COLUMNS = ("weight", "region", "area", "farm", "age", *DIMENSIONS)
_WEIGHTS = (1.0, 0.5, 3.25, 40.0, 0.01, 1e5)  # the first is the simplest: examples shrink to it
_REGIONS = (1, 2, 3)  # 4 is declared and nobody lives there
# Nobody is drawn into these: no group is empty, and no mean of the reference is zero.
_ANCHORS = {
    "general": ((1.0, 1, "R", 1, 70, 40.0, 30.0, 20.0), (2.0, 2, "U", 0, 40, 80.0, 60.0, 70.0)),
    "farmers": ((1.5, 1, "R", 1, 60, 50.0, 40.0, 30.0),),
}


def _people(*, blanks: bool) -> st.SearchStrategy[tuple[object, ...]]:
    answered = st.integers(0, 400).map(lambda quarters: quarters / 4)
    one = st.one_of(answered, answered, answered, st.none()) if blanks else answered
    every = st.tuples(one, one, one)
    scores = st.one_of(every, every, st.just((None, None, None))) if blanks else every
    return st.tuples(
        st.sampled_from(_WEIGHTS),
        st.sampled_from(_REGIONS),
        st.sampled_from(("U", "R")),
        st.sampled_from((0, 1)),
        st.integers(7, 90),
        scores,
    ).map(lambda drawn: (*drawn[:-1], *drawn[-1]))


@st.composite
def samples(
    draw: st.DrawFn, *, min_psus: int = 2, blanks: bool = True, fpc: bool = False
) -> Sample:
    """Draw a general sample and a separate one of farmers, each with strata and PSUs.

    PSU and stratum numbers start at 1 again wherever they can, so that only sample, stratum
    and number together name a PSU.

    Parameters
    ----------
    min_psus
        PSUs in a stratum, at least.
    blanks
        Whether scores may be missing, all three of a person's too.
    fpc
        Whether the design has a finite population correction, a census included.
    """
    people = st.lists(_people(blanks=blanks), min_size=1, max_size=3)
    psus = st.lists(people, min_size=min_psus, max_size=min_psus + 1)
    strata = st.lists(psus, min_size=1, max_size=2)
    records: list[dict[str, object]] = []
    for sample, anchors in _ANCHORS.items():
        for stratum, members in enumerate(draw(strata), 1):
            more = draw(st.sampled_from((0, 1, 7))) if fpc else 0
            for psu, persons in enumerate(members, 1):
                here = [*anchors, *persons] if stratum == psu == 1 else persons
                for person in here:
                    place = {"sample": sample, "stratum": stratum, "psu": psu}
                    whole = {"id": len(records) + 1, "fpc": float(len(members) + more)}
                    records.append(place | whole | dict(zip(_COLUMNS, person, strict=True)))
    frame = pd.DataFrame.from_records(records).astype(dict.fromkeys(DIMENSIONS, "float64"))
    return Sample(frame, with_design(small_schema(), fpc="fpc" if fpc else None))


def weights_of(frame: pd.DataFrame, dimension: str, where: Mapping[str, object]) -> float:
    """Return the weight of those of a cell who have a dimension."""
    inside = frame[dimension].notna()
    for column, code in where.items():
        inside &= frame[column] == code
    return float(frame.loc[inside, "weight"].sum())


# -- the survey of two samples -----------------------------------------------------------------


@cache
def two_samples_schema() -> SurveySchema:
    """Return the schema of `reference/two_samples.csv`."""
    return load_schema(SCHEMAS / "two_samples.yaml")


def two_samples_frame() -> pd.DataFrame:
    """Return the records of `reference/two_samples.csv`."""
    return pd.read_csv(REFERENCE / "two_samples.csv")


def two_samples_scores(
    frame: pd.DataFrame | None = None,
    schema: SurveySchema | None = None,
    *,
    lonely_psu: LonelyPsu = "fail",
) -> Scores:
    """Return the survey of two samples, or what a test made of it, scored."""
    frame = two_samples_frame() if frame is None else frame
    return score(read_survey(frame, schema or two_samples_schema(), lonely_psu=lonely_psu))


@st.composite
def compositions(draw: st.DrawFn, *, blanks: bool = True) -> Sample:
    """Draw a survey in the columns of the two samples: every category is held in every place.

    Parameters
    ----------
    blanks
        Whether scores and factors may be missing.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from((0.0, 0.5, 1.0)))  # of the weights, in powers of ten
    parts: list[pd.DataFrame] = []
    for sample, strata, psus in (("general", 2, 7), ("farmers", 1, 4)):
        persons = draw(st.integers(8, 11))
        n = strata * psus * persons
        farmers = sample == "farmers"
        occupations = ("farm",) if farmers else ("farm", "office", "service", "none")
        place = np.arange(n) // persons
        parts.append(
            pd.DataFrame(
                {
                    "sample": sample,
                    "stratum": 1 + place // psus,
                    "psu": 1 + place % psus,
                    "weight": 10 ** rng.uniform(-spread, spread, n),
                    "region": rng.integers(1, 4, n),
                    "area": rng.choice(["U", "R"], n),
                    "sex": rng.integers(1, 3, n),
                    "age": rng.integers(20, 90, n),
                    "education": rng.integers(1, 4, n),
                    "income": rng.integers(1, 90, n) / 10,
                    "occupation": rng.choice(occupations, n),
                    **{name: rng.integers(20, 401, n) / 4 for name in DIMENSIONS},
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    frame.insert(0, "id", range(1, len(frame) + 1))
    if blanks:
        for column in ("education", "income", "occupation", *DIMENSIONS):
            kept = rng.uniform(size=len(frame)) > draw(st.sampled_from((0.0, 0.02, 0.06)))
            frame[column] = frame[column].where(kept)
    return Sample(frame, two_samples_schema())
