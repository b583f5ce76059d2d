"""The annual report: contents, pages, PDF and web page."""

from divide_index.publication.report.annual import (
    Report,
    domains_of_decomposition,
    domains_of_report,
    domains_of_years,
    table_as_csv,
)
from divide_index.publication.report.outlook import Outlook, look_ahead

__all__ = [
    "Outlook",
    "Report",
    "domains_of_decomposition",
    "domains_of_report",
    "domains_of_years",
    "look_ahead",
    "table_as_csv",
]
