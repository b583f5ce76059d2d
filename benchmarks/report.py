"""What a report costs, part by part, and beside WeasyPrint alone on the same page."""

import argparse
import statistics
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from divide_index.levels import nonresponse_band, relative_levels
from divide_index.publication.report import Report, domains_of_report
from divide_index.publication.report.fonts import typeface_for
from divide_index.publication.report.pages import page_of
from divide_index.publication.report.pdf import text_of
from divide_index.scoring import score
from divide_index.simulate import simulate_survey
from divide_index.survey import read_survey

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = 3
BUDGET = 1.3


def main() -> int:
    """Print the split and the ratio; return 1 when the gate is shut."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gate", action="store_true", help="exit 1 when over the budget")
    gate = bool(parser.parse_args().gate)

    frame = simulate_survey("example", seed=1)
    split: dict[str, float] = {}
    scores = timed(split, "reading and scoring", lambda: score(read_survey(frame, "example")))
    by = domains_of_report(scores.survey.schema)
    result = timed(split, "levels", lambda: relative_levels(scores, by))
    report = Report(result, "ko", nonresponse_band(result))
    timed(split, "disclosure control", lambda: report.suppression)
    timed(split, "contents and figures", lambda: report.document)
    page = timed(split, "page", lambda: page_of(report.document, medium="pdf"))
    report.to_pdf_bytes()  # the first one imports WeasyPrint
    pairs = [(cost(lambda: alone(page)), cost(report.to_pdf_bytes)) for _ in range(PAIRS)]
    split["PDF, fonts and checks and all"] = statistics.median(ours for _, ours in pairs)
    split["of it WeasyPrint alone"] = statistics.median(theirs for theirs, _ in pairs)

    cells, pages = len(set(result.cells)), len(laid_out(page).pages)
    print(f"a report in Korean, {cells} populations, {pages} pages; CPU seconds:")
    for part, seconds in split.items():
        print(f"  {part:32} {seconds:6.2f}")
    ratios = [ours / theirs for theirs, ours in pairs]
    ratio = statistics.median(ratios)
    print(f"  PDF: {ratio:.2f} x WeasyPrint ({min(ratios):.2f}-{max(ratios):.2f})", end="")
    print(f"   budget {BUDGET} x")
    return int(gate and ratio > BUDGET)


def timed(split: dict[str, float], part: str, work: "Callable[[], Any]") -> Any:  # noqa: ANN401
    """Do a part of the work and note what it cost."""
    start = time.process_time()
    done = work()
    split[part] = time.process_time() - start
    return done


def cost(work: "Callable[[], object]") -> float:
    """Return the CPU seconds of a piece of work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def alone(page: str) -> bytes:
    """Return what WeasyPrint makes of a page with the same fonts, and nothing of ours."""
    return bytes(laid_out(page, pdf_variant="pdf/ua-1").write_pdf(pdf_variant="pdf/ua-1"))


def laid_out(page: str, **options: str) -> Any:  # noqa: ANN401
    """Return WeasyPrint's document of a page."""
    weasyprint: Any = import_module("weasyprint")  # it has no types
    face = typeface_for(text_of(page))
    faces = "".join(
        f'@font-face {{ font-family: "Report Sans"; font-weight: {weight}; '
        f'src: url("{path.path.as_uri()}") }}'
        for weight, path in ((400, face.regular), (700, face.bold))
    )
    styled = page.replace("</head>", f"<style>{faces}</style></head>")
    return weasyprint.HTML(string=styled).render(**options)


if __name__ == "__main__":
    raise SystemExit(main())
