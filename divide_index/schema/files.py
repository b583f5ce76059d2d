"""The files of a survey: which are stacked, which are joined, and what each holds."""

from divide_index.schema.model import SurveySchema, columns_of
from divide_index.schema.parts import DesignColumns, SurveyFile

_ALONE = SurveyFile()


def layout_of(schema: SurveySchema, file: str | None) -> SurveyFile:
    """Return how a file is laid out; the schema's own encoding holds where it names none."""
    layout = _ALONE if file is None else schema.files[file]
    return layout if layout.encoding else layout.model_copy(update={"encoding": schema.encoding})


def stacked_files(schema: SurveySchema) -> tuple[str | None, ...]:
    """Return the files whose records are laid one below the other: one for each sample.

    A schema without ``files`` has a single one, without a name.
    """
    names = [name for name, file in schema.files.items() if not (file.join or file.part_of)]
    return tuple(names) or (None,)


def joined_files(schema: SurveySchema, to: str | None) -> tuple[str, ...]:
    """Return the files that are joined to the records of one."""
    return tuple(n for n, file in schema.files.items() if file.join is not None and file.join == to)


def marking_files(schema: SurveySchema, of: str) -> tuple[str, ...]:
    """Return the files that repeat records of one and say which."""
    return tuple(name for name, file in schema.files.items() if file.marks and file.part_of == of)


def only_file(schema: SurveySchema) -> str | None:
    """Return the file of a survey that has only one, None where it has no name."""
    return next(iter(schema.files), None)


def file_part(schema: SurveySchema, file: str | None) -> SurveySchema:
    """Return the schema of one file: the variables it holds, under its own headers."""
    columns = columns_of(schema, file)
    design = schema.design

    def kept(name: str | None) -> str | None:
        return name if name in columns else None

    return schema.model_copy(
        update={
            "variables": {
                name: schema.variables[name].model_copy(update={"column": column})
                for name, column in columns.items()
            },
            "design": DesignColumns(
                weight=kept(design.weight),
                strata=tuple(name for name in design.strata if name in columns),
                psu=kept(design.psu),
                fpc=kept(design.fpc),
                sample=kept(design.sample),
                id=kept(design.id),
            ),
        }
    )
