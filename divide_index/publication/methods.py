"""How levels were made, in words: formula, cases, design."""

from divide_index.inference.ratios import Formula
from divide_index.levels import LevelResult
from divide_index.messages import Language, text
from divide_index.publication.formatting import counted
from divide_index.schema import SurveySchema
from divide_index.survey import Survey


def formula_notes(result: LevelResult, lang: Language) -> list[str]:
    """Return how dimensions make the overall level, and who counts."""
    schema = result.scores.survey.schema
    return [
        formula_note(schema, result.formula, lang),
        text(f"note.cases.{result.cases}", lang),
    ]


def formula_note(schema: SurveySchema, formula: Formula, lang: Language) -> str:
    """Return how dimensions make the overall level."""
    weights = [
        text("word.weight.dimension", lang, label=part.label.of(lang), weight=f"{part.weight:g}")
        for part in schema.dimensions.values()
    ]
    return text(f"note.formula.{formula}", lang, weights=weights)


def assumptions_note(schema: SurveySchema, lang: Language) -> list[str]:
    """Return what nobody has confirmed, in one note; nothing where there is nothing."""
    assumed = schema.assumptions()
    if not assumed:
        return []
    names = "; ".join(schema.element_label(path, lang) for path, _ in assumed)
    return [text("note.assumptions", lang, count=len(assumed), names=names)]


def design_notes(survey: Survey, lang: Language) -> list[str]:
    """Return how the variance was estimated, and what is to be known of the design."""
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
