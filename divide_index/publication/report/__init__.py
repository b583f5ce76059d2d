"""The annual report: contents, pages, PDF and web page."""

from divide_index.publication.report.annual import (
    Report,
    domains_of_decomposition,
    domains_of_report,
    table_as_csv,
)

__all__ = ["Report", "domains_of_decomposition", "domains_of_report", "table_as_csv"]
