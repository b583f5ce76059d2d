"""How the levels are made: the index, the formula, the design, and what is assumed."""

from divide_index.publication.formatting import NONE, rounded
from divide_index.publication.methods import design_notes, formula_notes
from divide_index.publication.report.blocks import Chapter, Row
from divide_index.publication.report.material import Draft, Material


def method_chapter(material: Material, number: int) -> Chapter:
    """Return the chapter of the method and its assumptions."""
    draft = Draft(material, "method", material.say("report.chapter.method"), number)
    draft.heading("report.section.index")
    draft.paragraph(material.say("report.text.index"), [draft.next_table()])
    _index(draft)
    draft.heading("report.section.formula")
    draft.bullets(
        [material.say("report.text.score"), *formula_notes(material.result, material.lang)]
    )
    draft.heading("report.section.reference", reference=material.reference)
    _reference(draft)
    draft.heading("report.section.design")
    _design(draft)
    draft.heading("report.section.assumptions")
    _assumptions(draft)
    return draft.chapter()


def _index(draft: Draft) -> None:
    material = draft.material
    schema, lang = material.schema, material.lang
    rows: list[Row] = []
    for name, dimension in schema.dimensions.items():
        heading = material.say(
            "report.index.dimension",
            dimension=dimension.label.of(lang),
            weight=f"{dimension.weight:g}",
        )
        rows.append(Row((heading,), is_heading=True))
        for key, indicator in dimension.indicators.items():
            label = key if indicator.label is None else indicator.label.of(lang)
            items = [
                item if schema.items[item].label is None else schema.items[item].label.of(lang)  # pyright: ignore[reportOptionalMemberAccess]
                for item in indicator.items
            ]
            path = f"dimensions.{name}.indicators.{key}"
            assumed = any(place == path for place, _ in schema.assumptions())
            status = material.say("report.status.assumed") if assumed else NONE
            rows.append(
                Row(
                    (
                        label,
                        f"{indicator.weight:g}",
                        material.say(f"report.rule.{indicator.rule}"),
                        ", ".join(items),
                        status,
                    )
                )
            )
    draft.table(
        material.say("report.table.index"),
        [
            (material.say("report.head.indicator"), "label"),
            (material.say("report.head.weight"), "number"),
            (material.say("report.head.rule"), "text"),
            (material.say("report.head.items"), "text"),
            (material.say("report.head.assumed"), "text"),
        ],
        rows,
        widths=(0.22, 0.1, 0.14, 0.44, 0.1),
        notes=[material.say("report.note.index")],
    )


def _reference(draft: Draft) -> None:
    """Add the reference's own scores, to which every level is relative."""
    material = draft.material
    result = material.result
    table = draft.next_table()
    draft.paragraph(material.say("report.text.reference", reference=material.reference), [table])
    rows = [
        Row(
            (
                material.dimension(name),
                f"{material.schema.dimensions[name].weight:g}",
                rounded(mean),
                rounded(100 * result.reference_cv[name], 2),
            )
        )
        for name, mean in result.reference_means.items()
    ]
    draft.table(
        material.say("report.table.reference", reference=material.reference),
        [
            (material.say("report.head.dimension"), "label"),
            (material.say("report.head.weight"), "number"),
            (material.say("report.head.score"), "number"),
            (material.say("report.head.relative_error"), "number"),
        ],
        rows,
        unit=material.say("report.unit.scores"),
        notes=[material.say("report.note.reference")],
    )


def _design(draft: Draft) -> None:
    material = draft.material
    said = design_notes(material.result.scores.survey, material.lang, material.result.variance)
    draft.bullets([*said, material.say("report.text.covariance", reference=material.reference)])


def _assumptions(draft: Draft) -> None:
    material = draft.material
    found = material.schema.assumptions()
    if not found:
        draft.paragraph(material.say("report.text.no_assumptions"))
        return
    draft.paragraph(material.say("report.text.assumptions", count=len(found)), [draft.next_table()])
    grouped: dict[tuple[str, str], list[str]] = {}
    for path, part in found:
        alternatives = "; ".join(part.alternatives)
        label = material.schema.element_label(path, material.lang)
        grouped.setdefault((part.source or "", alternatives), []).append(label)
    draft.table(
        material.say("report.table.assumptions"),
        [
            (material.say("report.head.element"), "label"),
            (material.say("report.head.why"), "text"),
            (material.say("report.head.alternatives"), "text"),
        ],
        [
            Row((", ".join(labels), source, alternatives))
            for (source, alternatives), labels in grouped.items()
        ],
        widths=(0.28, 0.42, 0.3),
    )
