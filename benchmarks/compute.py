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
BUDGET_OF_TWO_FILES = 5.0
SHARED = Path(os.environ.get("DIVIDE_INDEX_SHARED", Path(__file__).parents[2] / "shared"))
TIC = SHARED / "data" / "tic_domicilios_2016"
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
        output = ["--format", "json", "--force", "-o", str(Path(folder, "levels.json"))]
        options = f"{survey} --schema example --by province,area".split()
        ratio, peak = measured([*DIVIDE_INDEX, "compute", *options, *output])
        report(f"compute, {ROWS:,} rows x {COLUMNS} columns", ratio, BUDGET_RATIO, peak)
        print(f"        budget {BUDGET_MB:.0f} MB")
        is_within = ratio[1] <= BUDGET_RATIO and peak <= BUDGET_MB
        if not TIC.is_dir():
            print("compute, two joined files: skipped, the files of TIC Domicílios are not here")
            return int(gate and not is_within)
        files = [f"persons={TIC / 'individuos.csv'}", f"households={TIC / 'domicilios.csv'}"]
        options = ["--schema", "tic-domicilios-2016", "--by", "area,region,age,sex,education,class"]
        options += [word for file in files for word in ("--source", file)]
        ratio, peak = measured([*DIVIDE_INDEX, "compute", *options, *output])
        report("compute, TIC Domicílios: persons and households", ratio, BUDGET_OF_TWO_FILES, peak)
        is_within = is_within and ratio[1] <= BUDGET_OF_TWO_FILES
    return int(gate and not is_within)


def measured(command: list[str]) -> tuple[tuple[float, float, float], float]:
    """Return the smallest, median and largest ratio to importing pandas, and the peak in MB."""
    pairs = [(cost(IMPORT_PANDAS), cost(command)) for _ in range(1 + PAIRS)][1:]
    ratios = [computing[0] / importing[0] for importing, computing in pairs]
    peak = max(computing[1] for _, computing in pairs)
    return (min(ratios), statistics.median(ratios), max(ratios)), peak


def report(what: str, ratio: tuple[float, float, float], budget: float, peak: float) -> None:
    """Print what a command costs beside its budget."""
    print(f"{what}, {PAIRS} pairs")
    print(f"  CPU   {ratio[1]:.2f} x import pandas ({ratio[0]:.2f}-{ratio[2]:.2f})", end="")
    print(f"   budget {budget} x")
    print(f"  peak  {peak:.0f} MB")


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
