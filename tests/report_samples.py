"""Reports of invented numbers, with every kind of block, in Korean and English."""

from collections.abc import Sequence

from divide_index.messages import Language
from divide_index.publication.report.blocks import (
    Alert,
    Block,
    Bullets,
    Chapter,
    Column,
    Cover,
    Definitions,
    Document,
    FigureBlock,
    Heading,
    Paragraph,
    Reference,
    Row,
    TableBlock,
)

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>' onload='x",
    "</style></title><b>&amp;{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe\u2066 \\000041 */ } body{display:none}",
)

PROVINCES = {
    "ko": (
        *("서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기", "강원"),
        *("충북", "충남", "전북", "전남", "경북", "경남", "제주"),
    ),
    "en": (
        *("Seoul", "Busan", "Daegu", "Incheon", "Gwangju", "Daejeon", "Ulsan", "Sejong"),
        *("Gyeonggi", "Gangwon", "Chungbuk", "Chungnam", "Jeonbuk", "Jeonnam", "Gyeongbuk"),
        *("Gyeongnam", "Jeju"),
    ),
}
GROUPS = {
    "ko": ("취약계층 평균", "장애인", "고령층", "저소득층", "농어민"),
    "en": (
        "Average of the vulnerable groups",
        "People with disabilities",
        "Older people (55 and over)",
        "Low-income households",
        "Farmers and fishers",
    ),
}
ITEMS = {
    "ko": (
        "컴퓨터에 필요한 소프트웨어(프로그램)를 설치·삭제·업데이트할 수 있다",
        "유·무선 인터넷(와이파이 등)을 연결하여 사용할 수 있다",
        "과학기술정보통신부·한국지능정보사회진흥원·국가데이터처의 누리집을 이용할 수 있다",
        "스마트폰의 환경설정(디스플레이/소리/보안/알람/입력방법 등)을 할 수 있다",
        "전자정부민원서비스온라인신청결과통보 서비스를 이용한 적이 있다",
    ),
    "en": (
        "Can install, remove or update the software (programs) a computer needs",
        "Can connect a device to the internet, by wire or wireless (Wi-Fi)",
        "Uses the web pages of the Ministry of Science and ICT or of the national agencies",
        "Can change the settings of a smartphone (display/sound/security/alarms/input)",
        "Has used electronic-government-services-with-unreasonably-long-compound-names",
    ),
}


def sample_document(lang: Language, *, hostile: bool = False) -> Document:
    """Return a report of about fifteen pages; ``hostile`` puts poison into every label."""
    ko = lang == "ko"
    poison = " ".join(HOSTILE) if hostile else ""
    return Document(
        lang=lang,
        running_head=(
            "2025년 디지털정보격차 실태조사" if ko else "Survey on the Digital Divide, 2025"
        )
        + poison,
        description=(
            "일반국민을 100으로 할 때 취약계층의 디지털정보화 수준"
            if ko
            else "Digital informatization levels of vulnerable groups; general public = 100"
        )
        + poison,
        keywords=("디지털정보격차" + poison, "농어민")
        if ko
        else ("digital divide" + poison, "farmers"),
        author=("과학기술정보통신부" if ko else "Ministry of Science and ICT") + poison,
        cover=_cover(ko, poison),
        chapters=(
            _summary(lang, poison),
            _overview(lang, poison),
            _results(lang, poison),
            _regions(lang, poison),
            _appendix(lang, poison),
        ),
    )


def _cover(ko: bool, poison: str) -> Cover:
    if ko:
        return Cover(
            title="2025년 디지털정보격차 실태조사" + poison,
            subtitle="디지털정보화 수준 (일반국민 = 100)" + poison,
            facts=(
                ("조사 대상", "만 7세 이상 일반국민, 등록 장애인, 만 55세 이상 고령층, 농어민"),
                ("조사 기간", "2025년 9월~12월"),
                ("공표 기관", "과학기술정보통신부·한국지능정보사회진흥원" + poison),
            ),
            headline="80.6%",
            headline_note="농어민의 디지털정보화 종합 수준, 2027년 목표 83%" + poison,
            marks=("모의 자료", "내부 검토용" + poison),
        )
    return Cover(
        title="Survey on the Digital Divide, 2025" + poison,
        subtitle="Digital informatization levels (general public = 100)" + poison,
        facts=(
            ("Population", "The general public, people with disabilities, older people, farmers"),
            ("Fieldwork", "September to December 2025"),
            ("Published by", "Ministry of Science and ICT" + poison),
        ),
        headline="80.6%",
        headline_note="Overall level of farmers and fishers; target for 2027: 83%" + poison,
        marks=("Simulated data", "INTERNAL" + poison),
    )


def _summary(lang: Language, poison: str) -> Chapter:
    ko = lang == "ko"
    return Chapter(
        key="summary",
        number="",
        title=("요약" if ko else "Summary") + poison,
        blocks=(
            Alert(
                "이 보고서는 모의 생성한 자료로 작성한 예시이며, 실제 조사 결과가 아니다."
                if ko
                else "This report is an example made from simulated data: no survey found this."
            ),
            Bullets(
                (
                    "농어민의 종합 수준은 일반국민을 100으로 할 때 80.6%이다(표본오차 ±1.4%p).",
                    "4대 정보취약계층의 평균은 77.9%이며, 저소득층(97.0%)이 가장 높다.",
                    "2027년 목표(83%)와의 차이는 -2.4%p이며, 표본오차 범위를 벗어난다." + poison,
                )
                if ko
                else (
                    "Farmers and fishers stand at 80.6% of the general public (±1.4%p).",
                    "The average of the four groups is 77.9%; low-income households are first.",
                    "The distance to the target of 83% in 2027 is -2.4%p, beyond error." + poison,
                )
            ),
            _figure(lang, "figure-summary", "1", GROUPS[lang], poison, tall=False),
            _levels(lang, "table-summary", "1", GROUPS[lang], poison),
        ),
    )


def _overview(lang: Language, poison: str) -> Chapter:
    ko = lang == "ko"
    words = (
        (
            "이 조사는 「지능정보화 기본법」에 따라 디지털정보격차의 수준과 특성을 파악하여 "
            "격차 해소 정책의 수립과 평가에 필요한 기초자료를 제공하는 데 목적이 있다. "
            "표본은 층화다단추출법으로 추출하였고, 조사원이 방문하여 면접하였다. "
            "과학기술정보통신부·한국지능정보사회진흥원·국가데이터처통계정책국품질관리과가 "
            "함께 하였다."
        )
        if ko
        else (
            "The survey shows how far the digital divide reaches and whom it concerns, so that "
            "policies against it can be made and judged. The sample is stratified in several "
            "stages, and interviewers called at every household in it. Estimates take account "
            "of the strata, of the clusters and of the calibration of the weights."
        )
    )
    return Chapter(
        key="overview",
        number="Ⅰ",  # noqa: RUF001  the numeral of Korean reports
        title=("조사 개요" if ko else "About the survey") + poison,
        blocks=(
            Heading(
                "overview-purpose", ("조사 목적과 방법" if ko else "Purpose and method") + poison
            ),
            Paragraph(
                words,
                footnote=(
                    "할당표본추출로 조사한 계층의 표본오차는 확률표본을 가정하여 계산한 참고값이다."
                    if ko
                    else "Where quotas were used, errors are those of a random sample of that size."
                )
                + poison,
            ),
            Paragraph(
                words,
                references=(
                    Reference("table-items", "표 Ⅱ-2" if ko else "Table Ⅱ-2"),
                    Reference("figure-groups", "그림 Ⅱ-1" if ko else "Figure Ⅱ-1"),
                ),
                footnote="두 번째 각주이다." if ko else "A second footnote.",
            ),
            Heading("overview-terms", "용어" if ko else "Terms"),
            Definitions(
                (
                    ("디지털정보화 수준", "일반국민을 100으로 할 때 계층의 상대적인 점수이다."),
                    ("표본오차", "95% 신뢰수준에서의 오차 한계이다. " + words),
                    ("입력 자료 해시", "3f786850e387550fdab836ed7e6dc881de23001b" * 2 + poison),
                )
                if ko
                else (
                    ("Level", "A score relative to that of the general public, which is 100."),
                    ("Margin of error", "Half the width of a 95% interval. " + words),
                    ("Hash of the input", "3f786850e387550fdab836ed7e6dc881de23001b" * 2 + poison),
                )
            ),
            Alert(
                "비밀 보호를 위하여 사례수가 적은 칸은 공개하지 않는다." + poison
                if ko
                else "Cells with few respondents are not published." + poison
            ),
        ),
    )


def _results(lang: Language, poison: str) -> Chapter:
    ko = lang == "ko"
    words = (
        "2025년 농어민의 디지털정보화 종합 수준은 일반국민을 100으로 할 때 80.6%로 나타났다"
        "(95% 신뢰수준에서 표본오차 ±1.4%p). 부문별로는 접근 수준이 97.2%로 가장 높았고, 활용 "
        "수준은 80.5%, 역량 수준은 72.4%였다. 전년보다 0.6%p 높으나, 두 해의 표본오차를 고려하면 "
        "통계적으로 유의한 차이라고 보기 어렵다."
        if ko
        else "In 2025 the overall level of farmers and fishers was 80.6% of that of the general "
        "public (±1.4%p at 95% confidence). Access was highest at 97.2%, then use at 80.5% and "
        "capability at 72.4%. The level is 0.6%p above last year's; given the errors of both "
        "years, this is no significant change."
    )
    return Chapter(
        key="results",
        number="Ⅱ",
        title=("디지털정보화 수준" if ko else "Digital informatization levels") + poison,
        blocks=(
            Heading("results-groups", "계층별 종합 수준" if ko else "Overall levels by group"),
            Paragraph(
                words,
                references=(
                    Reference("table-groups", "표 Ⅱ-1" if ko else "Table Ⅱ-1"),
                    Reference("figure-groups", "그림 Ⅱ-1" if ko else "Figure Ⅱ-1"),
                ),
            ),
            _figure(lang, "figure-groups", "Ⅱ-1", GROUPS[lang], poison, tall=False),
            _levels(lang, "table-groups", "Ⅱ-1", GROUPS[lang], poison),
            Heading("results-items", "문항별 응답" if ko else "Answers by item"),
            Paragraph(words, references=(Reference("table-items", "표 Ⅱ-2" if ko else "Table 2"),)),
            _items(lang, poison),
            Paragraph(words),
            Bullets((words, words)),
        ),
    )


def _regions(lang: Language, poison: str) -> Chapter:
    ko = lang == "ko"
    labels = [
        f"{province} {area}"
        for province in PROVINCES[lang]
        for area in (("동", "읍·면") if ko else ("urban", "rural"))
    ]
    return Chapter(
        key="regions",
        number="Ⅲ",
        title="지역별 결과" if ko else "Results by region",
        blocks=(
            Paragraph(
                "상위 6개 시·도 사이에는 통계적으로 유의한 차이가 없어 순위를 매기지 않는다."
                if ko
                else "The first six provinces do not differ significantly and are not ranked.",
                references=(Reference("table-regions", "표 Ⅲ-1" if ko else "Table Ⅲ-1"),),
            ),
            _figure(lang, "figure-regions", "Ⅲ-1", PROVINCES[lang], poison, tall=True),
            _levels(lang, "table-regions", "Ⅲ-1", labels * 2, poison, headings=True),
            _figure(lang, "figure-change", "Ⅲ-2", GROUPS[lang], poison, tall=False),
            _figure(lang, "figure-gap", "Ⅲ-3", GROUPS[lang], poison, tall=False),
        ),
    )


def _appendix(lang: Language, poison: str) -> Chapter:
    ko = lang == "ko"
    label, text = ("가정", "출처와 대안") if ko else ("Assumption", "Source and alternatives")
    columns = (Column(label, "label", 0.34), Column(text, "text", 0.66))
    rows = tuple(Row((item, item + poison)) for item in ITEMS[lang])
    blocks: tuple[Block, ...] = (
        TableBlock(
            key="table-assumptions",
            number="A-1",
            title="가정 목록" if ko else "Assumptions",
            unit="",
            columns=columns,
            rows=rows,
        ),
    )
    return Chapter("appendix", "", "부록" if ko else "Appendix", blocks)


def _levels(
    lang: Language,
    key: str,
    number: str,
    labels: Sequence[str],
    poison: str,
    *,
    headings: bool = False,
) -> TableBlock:
    ko = lang == "ko"
    heads = (
        ("구분" + poison, "종합", "95% 신뢰구간", "표준오차", "목표 대비", "사례수")
        if ko
        else ("Category" + poison, "Overall", "95% interval", "Standard error", "To target", "n")
    )
    widths = (0.30, 0.13, 0.19, 0.13, 0.13, 0.12)
    rows: list[Row] = []
    for place, label in enumerate(labels):
        if headings and place % 17 == 0:
            rows.append(
                Row(((f"{2023 + place // 17}년" if ko else str(2023 + place // 17)),), True)
            )
        rows.append(Row((label, *_numbers(place))))
    rows[-1] = Row((rows[-1].cells[0] + poison, *rows[-1].cells[1:]))
    return TableBlock(
        key=key,
        number=number,
        title=("계층별 디지털정보화 종합 수준" if ko else "Overall digital informatization level")
        + poison,
        unit="(단위: %, %p, 명)" if ko else "(%, %p, persons)",
        columns=tuple(
            Column(head, "label" if place == 0 else "number", width)
            for place, (head, width) in enumerate(zip(heads, widths, strict=True))
        ),
        rows=tuple(rows),
        notes=(
            (
                "각 수치는 반올림되어 합계나 차이가 일치하지 않을 수 있음." + poison,
                "‘x’는 비공개, ‘*’는 이용 시 유의, ‘-’는 해당 숫자 없음, ‘…’는 자료 없음.",
            )
            if ko
            else (
                "Figures are rounded; sums and differences may not agree." + poison,
                "x suppressed, * use with caution, - no such number, … not available.",
            )
        ),
        source=(
            "과학기술정보통신부·한국지능정보사회진흥원, 「디지털정보격차 실태조사」, 각 연도"
            if ko
            else "Ministry of Science and ICT and NIA, Survey on the Digital Divide, each year"
        )
        + poison,
    )


def _numbers(place: int) -> tuple[str, ...]:
    level = 70 + (place * 37) % 290 / 10
    if place % 11 == 7:
        return ("x", "x", "x", "x", "8")
    if place % 13 == 9:
        return ("-", "-", "…", "-", "0")
    flag = "*" if place % 5 == 3 else ""
    return (
        f"{level:.1f}{flag}",
        f"{level - 1.4:.1f}~{level + 1.4:.1f}",
        "0.7",
        f"{level - 83:+.1f}",
        f"{1000 + place * 137:,}",
    )


def _items(lang: Language, poison: str) -> TableBlock:
    ko = lang == "ko"
    heads = (
        ("문항", "일반국민", "농어민", "차이", "판단")
        if ko
        else ("Item", "General public", "Farmers and fishers", "Difference", "Verdict")
    )
    kinds = ("label", "number", "number", "number", "text")
    widths = (0.40, 0.16, 0.16, 0.12, 0.16)
    verdicts = ("유의한 차이", "오차 안") if ko else ("significant", "within error")
    rows = tuple(
        Row((f"{place + 1}) {item}", "81.2 (80.1~82.3)", "60.4 (57.0~63.8)", "-20.8", verdict))
        for place, (item, verdict) in enumerate(zip(ITEMS[lang] * 6, verdicts * 15, strict=True))
    )
    return TableBlock(
        key="table-items",
        number="Ⅱ-2",
        title=("문항별 ‘그렇다’ 비율과 95% 신뢰구간" if ko else "Share of ‘yes’ by item") + poison,
        unit="(단위: %, %p)" if ko else "(%, %p)",
        columns=tuple(
            Column(head, kind, width)  # pyright: ignore[reportArgumentType]
            for head, kind, width in zip(heads, kinds, widths, strict=True)
        ),
        rows=rows,
        notes=("괄호 안은 95% 신뢰구간임." if ko else "95% intervals in brackets.",),
    )


def _figure(
    lang: Language, key: str, number: str, labels: Sequence[str], poison: str, *, tall: bool
) -> FigureBlock:
    ko = lang == "ko"
    return FigureBlock(
        key=key,
        number=number,
        title=("계층별 종합 수준과 95% 신뢰구간" if ko else "Overall levels and their error")
        + poison,
        takeaway=(
            "저소득층이 가장 높고 고령층이 가장 낮으며, 농어민은 목표보다 -2.4%p 낮다."
            if ko
            else "Low-income households are highest, older people lowest; farmers are at -2.4%p."
        )
        + poison,
        base=("일반국민 7,000명, 계층별 2,200명" if ko else "7,000 persons, 2,200 a group")
        + poison,
        alt=("점 그림: " if ko else "Dot plot: ") + ", ".join(labels) + poison,
        svg=_drawing(labels, 14 if tall else 20, poison),
    )


def _drawing(labels: Sequence[str], step: int, poison: str) -> str:
    """Return a dot plot, drawn by hand."""
    height = step * len(labels) + 30
    rows = "".join(
        f'<text x="150" y="{20 + step * place}" text-anchor="end" font-size="9" fill="#1b2028">'
        f"{_escaped(label + (poison if place == 0 else ''))}</text>"
        f'<path d="M{(x := 170 + (place * 97) % 260) - 14} {17 + step * place}h28" '
        f'stroke="#12599f"/><circle cx="{x}" cy="{17 + step * place}" r="3.2" fill="#12599f"/>'
        for place, label in enumerate(labels)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="482pt" '
        f'height="{height}pt" viewBox="0 0 482 {height}" role="img" aria-labelledby="t" '
        f'font-family="Report Sans, sans-serif"><title id="t">{_escaped(poison)}</title>'
        "<g>"
        f'<path fill="none" stroke="#dde1e7" d="M160 {height - 14}H470"/>'
        f'<path stroke="#b3450c" stroke-dasharray="3 2" d="M330 4V{height - 14}"/>'
        f'<text x="334" y="{height - 4}" font-size="8" fill="#b3450c">83</text>{rows}</g></svg>'
    )


def _escaped(words: str) -> str:
    """Return a text as XML may hold it."""
    inert = words.translate(dict.fromkeys(range(32)))
    return inert.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
