"""How many records answer a question, refuse it, or were not asked."""

from dataclasses import dataclass

import narwhals as nw

from divide_index.engine.conditions import any_of, has_valid_answer, is_one_of, truth
from divide_index.engine.frames import Frame
from divide_index.schema import SurveySchema, answer_of, variables_needed


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts of the records of one variable; they add up to all records."""

    variable: str
    answered: int
    not_asked: int
    missing: int


def profile(frame: Frame, schema: SurveySchema, variables: list[str]) -> list[Profile]:
    """Count, for each variable, who answered, who was not asked and who did not answer."""
    data = nw.from_native(frame, eager_only=True)
    found: list[Profile] = []
    for name in variables:
        declared, column = schema.variables[name], nw.col(name)
        answered = has_valid_answer(column, answer_of(schema, name))
        skipped: list[nw.Expr] = []
        if declared.asked_if is not None:
            skipped.append(truth(declared.asked_if, schema)[1])
        if declared.skip_codes:
            skipped.append(~column.is_null() & is_one_of(column, declared.skip_codes))
        here = data.select(*sorted(variables_needed(schema, [name])))
        if skipped:
            masks = here.select(skipped=any_of(skipped), answered=answered)
            not_asked = int(masks["skipped"].sum())
            answers = int(masks.select(x=nw.col("answered") & ~nw.col("skipped"))["x"].sum())
        else:
            not_asked, answers = 0, int(here.select(x=answered)["x"].sum())
        found.append(Profile(name, answers, not_asked, len(data) - answers - not_asked))
    return found
