"""What `divide-index compute` costs, as a multiple of importing pandas on the same machine."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS, COLUMNS, PAIRS = 15_000, 60, 7
BUDGET_RATIO, BUDGET_MB = 2.5, 200.0
IMPORT_PANDAS = [sys.executable, "-c", "import pandas"]
DIVIDE_INDEX = [sys.executable, "-m", "divide_index"]


def main() -> int:
    """Print the costs beside the budget; return 1 when the gate is shut."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gate", action="store_true", help="exit 1 when over the budget")
    gate = bool(parser.parse_args().gate)

    with tempfile.TemporaryDirectory() as folder:
        survey = Path(folder, "survey.csv")
        options = f"--schema example --seed 1 --n {ROWS} -o {survey}".split()
        subprocess.run([*DIVIDE_INDEX, "simulate", *options], check=True)
        options = f"{survey} --schema example --by province,area --format json --force".split()
        compute = [*DIVIDE_INDEX, "compute", *options, "-o", str(Path(folder, "levels.json"))]
        pairs = [(cost(IMPORT_PANDAS), cost(compute)) for _ in range(1 + PAIRS)][1:]

    ratios = [computing[0] / importing[0] for importing, computing in pairs]
    ratio, peak = statistics.median(ratios), max(computing[1] for _, computing in pairs)
    print(f"compute, {ROWS:,} rows x {COLUMNS} columns, {PAIRS} pairs")
    print(f"  CPU   {ratio:.2f} x import pandas ({min(ratios):.2f}-{max(ratios):.2f})", end="")
    print(f"   budget {BUDGET_RATIO} x")
    print(f"  peak  {peak:.0f} MB   budget {BUDGET_MB:.0f} MB")
    return int(gate and (ratio > BUDGET_RATIO or peak > BUDGET_MB))


def cost(command: list[str]) -> tuple[float, float]:
    """Return a process's CPU seconds, user and system, and its peak memory in MB.

    A child inherits its parent's peak, so this script imports nothing large.
    """
    compiled = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=compiled
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024  # Linux counts in KiB


if __name__ == "__main__":
    sys.exit(main())
