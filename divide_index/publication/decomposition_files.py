"""Decompositions as machine-readable text: unrounded, columns fixed."""

from typing import Any

from divide_index.messages import Language
from divide_index.publication.decomposition_tables import decomposition_sentences
from divide_index.publication.decompositions import PublishedDecomposition
from divide_index.publication.files import as_csv, as_json, records
from divide_index.publication.provenance import provenance_of_decomposition


def decomposition_as_json(published: PublishedDecomposition, lang: Language) -> str:
    """Return a decomposition with its provenance, bases, shares, path and tests as JSON.

    Parameters
    ----------
    published
        The decomposition.
    lang
        Of the sentences.
    """
    result = published.result
    frames = {
        "shares": result.shares(),
        "path": result.path_frame(),
    }
    quality: dict[str, Any] = {"bases": records(published.basis_frame())}
    quality |= {name: records(published.apply(frame)) for name, frame in frames.items()}
    if published.tells_counts:
        quality["missing"] = records(published.missing_frame())
    quality["tests"] = records(published.tests())
    sentences = decomposition_sentences(published, lang)
    quality["sentences"] = [
        {"label": label, "lang": lang, "text": words} for label, words in sentences
    ]
    document = {
        "provenance": provenance_of_decomposition(result, published.suppression),
        "decomposition": records(published.apply(result.to_frame())),
        "quality": quality,
    }
    return as_json(document)


def decomposition_as_csv(published: PublishedDecomposition) -> str:
    """Return the parts as CSV; an undefined number is an empty cell."""
    return as_csv(published.apply(published.result.to_frame()))


def decomposition_provenance(published: PublishedDecomposition) -> str:
    """Return the sidecar of a file that cannot hold its own provenance."""
    return as_json(provenance_of_decomposition(published.result, published.suppression))
