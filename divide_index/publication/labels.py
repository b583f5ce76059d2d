"""What the populations of a result are called in print."""

from divide_index.cells import REFERENCE, WHERE, Cell
from divide_index.messages import Language, text
from divide_index.schema import OVERALL, SurveySchema


def cell_label(cell: Cell, schema: SurveySchema, lang: Language) -> str:
    """Return the name of a cell: a group's, an average's, a category's, or a cross of them."""
    match cell.domain:
        case "total":
            return schema.reference.label.of(lang)
        case "group":
            return schema.groups[cell.category].label.of(lang)
        case "average":
            return schema.averages[cell.category].label.of(lang)
        case "where":
            return text("table.where", lang, reference=schema.reference.label.of(lang))
        case _:
            codes = cell.codes or ((cell.domain, cell.category),)
            return " · ".join(
                schema.groups[code].label.of(lang)
                if name == "group"
                else schema.category_label(name, code, lang)
                for name, code in codes
            )


def population_label(name: str, schema: SurveySchema, lang: Language) -> str:
    """Return the name of a population as findings know it: the reference, a group, ``where``."""
    if name == REFERENCE:
        return schema.reference.label.of(lang)
    if name in schema.groups:
        return schema.groups[name].label.of(lang)
    return "--where" if name == WHERE else name


def dimension_label(name: str, schema: SurveySchema, lang: Language) -> str:
    """Return the name of a dimension, or of the overall level."""
    if name == OVERALL:
        return text("table.overall", lang)
    return schema.dimensions[name].label.of(lang)


def inside(label: str, lang: Language) -> str:
    """Return a label as it stands inside a sentence: in English without its first capital.

    A name of its own keeps it: PC skills, North Korean defectors, North (Norte).
    """
    if lang == "ko" or not label:
        return label
    rest = label[1:]
    is_name = any(word.lstrip("(")[:1].isupper() for word in rest.split(" ")[1:])
    return label if rest[:1].isupper() or is_name else label[0].lower() + rest
