"""How levels were made, in words: formula, cases, design."""

from divide_index.inference.ratios import Formula
from divide_index.levels import LevelResult, VarianceMethod
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


def _weighting_notes(survey: Survey, lang: Language) -> list[str]:
    """Return what was done to the weights, and what that means for the errors."""
    if not survey.weighting:
        return []
    kinds = dict.fromkeys(step.kind for step in survey.weighting)
    words = [text(f"weights.kind.{kind}", lang).lower() for kind in kinds]
    notes = [text("note.weighting", lang, steps=words)]
    margins = dict.fromkeys(
        name for step in survey.weighting for each in step.samples for name in each.margins.names
    )
    if margins:
        labels = [margin_label(survey.schema, name, lang) for name in margins]
        notes.append(text("note.calibrated", lang, margins=labels))
    return notes


def margin_label(schema: SurveySchema, name: str, lang: Language) -> str:
    """Return a margin, ``region*sex``, by the labels of its variables."""
    return " × ".join(variable_label(schema, part, lang) for part in name.split("*"))


def variable_label(schema: SurveySchema, name: str, lang: Language) -> str:
    """Return what a domain or a variable is called."""
    if name in schema.domains:
        return schema.domains[name].label.of(lang)
    label = schema.variables[name].label
    return name if label is None else label.of(lang)


def design_notes(
    survey: Survey, lang: Language, variance: VarianceMethod | None = None
) -> list[str]:
    """Return how the variance was estimated, and what is to be known of the design."""
    design, used = survey.design, variance or VarianceMethod()
    notes = [
        text(
            "note.variance",
            lang,
            method=text(
                f"variance.{used.method}",
                lang,
                replicates=counted(used.replicates),
                seed=used.seed,
                fay=f"{used.fay:g}",
            ),
            design=text(f"design.{survey.design_kind}", lang),
            psus=counted(design.psus),
            strata=counted(len(design.stratum_labels)),
            df=counted(design.degrees_of_freedom),
        )
    ]
    if design.lonely_strata():
        count = len(design.lonely_strata())
        notes.append(text("note.lonely", lang, count=count, rule=design.lonely_psu))
    notes += _weighting_notes(survey, lang)
    if survey.schema.design.note is not None:
        notes.append(survey.schema.design.note.of(lang))
    return notes
