"""Levels of several years as machine-readable text: unrounded, columns fixed."""

import pandas as pd

from divide_index.messages import Language
from divide_index.publication.files import as_csv, as_json, records
from divide_index.publication.provenance import provenance_of_years
from divide_index.publication.year_parts import PublishedParts, parts_document
from divide_index.publication.year_tables import year_sentences
from divide_index.publication.years import PublishedYears


def years_as_json(parts: PublishedParts, lang: Language) -> str:
    """Return trends, changes, what they are made of and levels with their provenance as JSON.

    Parameters
    ----------
    parts
        The years, and what is told beside them.
    lang
        Of the sentences.
    """
    published = parts.years
    return as_json(
        {
            "provenance": _provenance(published),
            "change": {
                "trends": records(published.trends_frame()),
                "changes": records(published.changes_frame()),
                "published": records(published.published_frame()),
                **parts_document(parts),
                "sentences": [
                    {"label": label, "lang": lang, "text": words}
                    for label, words in year_sentences(published, lang)
                ],
            },
            "levels": records(published.levels_frame()),
        }
    )


def years_as_csv(published: PublishedYears) -> str:
    """Return levels, published levels, trends and changes as CSV, told apart by ``statistic``.

    An undefined number is an empty cell; the estimate of every kind stands under ``estimate``.
    """
    levels = published.levels_frame().rename(columns={"year": "first", "level": "estimate"})
    levels["last"] = levels["first"]
    known = published.published_frame().rename(columns={"year": "first", "level": "estimate"})
    known["last"] = known["first"]
    parts = {
        "level": levels.drop(columns=["target_gap"]),
        "published": known,
        "trend": published.trends_frame().rename(columns={"trend": "estimate"}),
        "change": published.changes_frame().rename(columns={"change": "estimate"}),
    }
    for name, frame in parts.items():
        frame.insert(0, "statistic", name)
    filled = [frame for frame in parts.values() if len(frame)]
    names = list(dict.fromkeys(name for frame in reversed(filled) for name in frame.columns))
    whole = pd.concat([frame.astype(object) for frame in filled], ignore_index=True)[names]
    return as_csv(whole.where(whole.notna(), ""))


def years_provenance(published: PublishedYears) -> str:
    """Return the sidecar of a file that cannot hold its own provenance."""
    return as_json(_provenance(published))


def _provenance(published: PublishedYears) -> dict[str, object]:
    return provenance_of_years(published.result, published.suppressions, published.findings())
