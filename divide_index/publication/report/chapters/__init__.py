"""The chapters of the report, in the order of :mod:`divide_index.publication.report.contents`."""
