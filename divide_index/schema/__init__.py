"""What a survey's columns mean: variables, index, populations, target."""

from divide_index.schema.conditions import (
    And,
    Compare,
    Condition,
    IsIn,
    Not,
    Or,
    parse_condition,
    variables_of,
)
from divide_index.schema.loading import (
    load_schema,
    packaged_schemas,
    schema_for_columns,
    schema_hash,
)
from divide_index.schema.model import SurveySchema
from divide_index.schema.nodes import Text
from divide_index.schema.parts import OVERALL, Variable
from divide_index.schema.plan import (
    VARIANTS,
    Variant,
    answer_of,
    category_rule,
    dimension_column,
    score_stages,
    scoring_part,
)
from divide_index.schema.rules import (
    Answer,
    Bands,
    Code,
    Filled,
    Largest,
    Map,
    Mean,
    OnlyIf,
    Rule,
    Scale,
    Share,
    Stage,
    WeightedSum,
)

__all__ = [
    "OVERALL",
    "VARIANTS",
    "And",
    "Answer",
    "Bands",
    "Code",
    "Compare",
    "Condition",
    "Filled",
    "IsIn",
    "Largest",
    "Map",
    "Mean",
    "Not",
    "OnlyIf",
    "Or",
    "Rule",
    "Scale",
    "Share",
    "Stage",
    "SurveySchema",
    "Text",
    "Variable",
    "Variant",
    "WeightedSum",
    "answer_of",
    "category_rule",
    "dimension_column",
    "load_schema",
    "packaged_schemas",
    "parse_condition",
    "schema_for_columns",
    "schema_hash",
    "score_stages",
    "scoring_part",
    "variables_of",
]
