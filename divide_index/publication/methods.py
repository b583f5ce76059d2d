"""How levels were made, in words: formula, cases, design."""

from divide_index.levels import LevelResult
from divide_index.messages import Language, text
from divide_index.publication.formatting import counted


def formula_notes(result: LevelResult, lang: Language) -> list[str]:
    """Return how dimensions make the overall level, and who counts."""
    weights = [
        text("word.weight.dimension", lang, label=part.label.of(lang), weight=f"{part.weight:g}")
        for part in result.scores.survey.schema.dimensions.values()
    ]
    return [
        text(f"note.formula.{result.formula}", lang, weights=weights),
        text(f"note.cases.{result.cases}", lang),
    ]


def design_notes(result: LevelResult, lang: Language) -> list[str]:
    """Return how the variance was estimated, and what is to be known of the design."""
    survey = result.scores.survey
    design = survey.design
    notes = [
        text(
            "note.variance",
            lang,
            design=text(f"design.{survey.design_kind}", lang),
            psus=counted(design.psus),
            strata=counted(len(design.stratum_labels)),
            df=counted(design.degrees_of_freedom),
        )
    ]
    if design.lonely_strata():
        count = len(design.lonely_strata())
        notes.append(text("note.lonely", lang, count=count, rule=design.lonely_psu))
    if survey.schema.design.note is not None:
        notes.append(survey.schema.design.note.of(lang))
    return notes
