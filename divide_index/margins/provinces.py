"""Korea's provinces under every name that tables of the last decades give them.

Two were renamed: 강원도 became 강원특별자치도 on 2023-06-11, 전라북도 전북특별자치도 on 2024-01-18.
"""

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

_NAMES = {
    "서울": "서울 서울시 서울특별시 seoul",
    "부산": "부산 부산시 부산광역시 busan",
    "대구": "대구 대구시 대구광역시 daegu",
    "인천": "인천 인천시 인천광역시 incheon",
    "광주": "광주 광주시 광주광역시 gwangju",
    "대전": "대전 대전시 대전광역시 daejeon",
    "울산": "울산 울산시 울산광역시 ulsan",
    "세종": "세종 세종시 세종특별자치시 sejong",
    "경기": "경기 경기도 gyeonggi gyeonggido",
    "강원": "강원 강원도 강원특별자치도 gangwon gangwondo gangwonstate",
    "충북": "충북 충청북도 chungbuk chungcheongbukdo northchungcheong",
    "충남": "충남 충청남도 chungnam chungcheongnamdo southchungcheong",
    "전북": "전북 전라북도 전북특별자치도 jeonbuk jeollabukdo jeonbukstate northjeolla",
    "전남": "전남 전라남도 jeonnam jeollanamdo southjeolla",
    "경북": "경북 경상북도 gyeongbuk gyeongsangbukdo northgyeongsang",
    "경남": "경남 경상남도 gyeongnam gyeongsangnamdo southgyeongsang",
    "제주": "제주 제주도 제주특별자치도 jeju jejudo",
}
_PROVINCE_OF: Mapping[str, str] = MappingProxyType(
    {name: province for province, names in _NAMES.items() for name in names.split()}
)


def province(name: str) -> str | None:
    """Return a province's shortest Korean name by any of its names, None for anything else."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return _PROVINCE_OF.get("".join(letter for letter in plain if letter.isalnum()))
