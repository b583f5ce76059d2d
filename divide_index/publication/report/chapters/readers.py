"""For readers: what a level is, what the signs and words mean, how to cite."""

from divide_index.publication.decomposition_tables import NOT_SIGNIFICANT
from divide_index.publication.formatting import CAUTION, NONE, NOT_AVAILABLE, SUPPRESSED, percent
from divide_index.publication.report.blocks import Chapter
from divide_index.publication.report.material import Draft, Material
from divide_index.publication.sentences import relative_level_sentence


def readers_chapter(material: Material) -> Chapter:
    """Return the words for readers."""
    draft = Draft(material, "readers", material.say("report.chapter.readers"), 0)
    reference = material.reference
    draft.heading("report.section.what")
    draft.paragraph(
        material.say("report.text.level", reference=reference),
        footnote=material.say("report.footnote.reference", reference=reference),
    )
    names = material.subjects
    if names:
        draft.paragraph(
            relative_level_sentence(
                material.lang, reference=reference, group=material.inside(names[0])
            )
        )
    draft.heading("report.section.terms")
    terms = ("level", "gap", "std_error", "margin", "interval", "significant", "design_effect")
    draft.definitions(
        (
            material.say(f"report.term.{term}"),
            material.say(
                f"report.meaning.{term}", reference=reference, confidence=material.confidence
            ),
        )
        for term in terms
    )
    draft.heading("report.section.signs")
    signs = {NONE: "none", NOT_AVAILABLE: "unknown", SUPPRESSED: "suppressed", CAUTION: "caution"}
    said = [(sign, material.say(f"report.sign.{name}")) for sign, name in signs.items()]
    if material.decomposition is not None:
        said.append((NOT_SIGNIFICANT, material.say("report.reasons.sign")))
    draft.definitions(said)
    draft.bullets([material.say("report.text.rounding"), _comparisons(material)])
    return draft.chapter()


def _comparisons(material: Material) -> str:
    share = percent(1 - material.result.confidence)
    return material.say("report.text.many", share=share, confidence=material.confidence)
