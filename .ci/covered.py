"""Fail, and print what was not run, where the tests cover fewer lines and branches than asked."""

import json
import sys
from pathlib import Path

report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
least, covered = float(sys.argv[2]), report["summary"]["percent_covered"]
if covered < least:
    for name, file in sorted(report["files"].items()):
        if file["missing_lines"] or file.get("missing_branches"):
            print(f"{name}: lines {file['missing_lines']}, branches {file.get('missing_branches')}")
    sys.exit(f"{covered:.1f} % of lines and branches are covered, fewer than {least:.0f} %")
