"""Print, as pip constraints, the lowest version of every direct run-time dependency."""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
for requirement in (*project["dependencies"], *extras["parquet"], *extras["polars"]):
    floor = re.match(r"([\w-]+)>=([\w.]+)", requirement)
    if floor is None:
        sys.exit(f"{requirement!r} has no floor: write it as name>=version")
    print("==".join(floor.groups()))
