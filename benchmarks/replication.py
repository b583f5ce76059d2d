"""What a thousand bootstrap replicates of all levels cost, without calibration."""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

REPLICATES, SMALL, LARGE = 1000, 15_000, 1_000_000
BUDGET_RATIO = 2.0  # of importing pandas, at the small size
BUDGET_LOOP = 50.0  # times cheaper than a loop over replicates of persons, at the large size
TIMED = 3  # replicates of the loop: the others cost the same


def main() -> int:
    """Print the costs beside the budget; return 1 when the gate is shut."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gate", action="store_true", help="exit 1 when over the budget")
    parser.add_argument("--rows", type=int, default=LARGE, help="people of the large survey")
    arguments = parser.parse_args()
    importing = cost_of_importing()
    small, _ = costs(SMALL)
    ratio = small / importing
    print(f"{REPLICATES:,} replicates of 17 regions x 4 dimensions, {SMALL:,} people")
    print(f"  CPU   {ratio:.2f} x import pandas   budget {BUDGET_RATIO} x")
    large, loop = costs(arguments.rows)
    print(f"the same, {arguments.rows:,} people, beside a loop over persons")
    print(f"  CPU   1/{loop / large:.0f} of the loop   budget 1/{BUDGET_LOOP:.0f}")
    is_within = ratio <= BUDGET_RATIO and loop / large >= BUDGET_LOOP
    return int(arguments.gate and not is_within)


def cost_of_importing() -> float:
    """Return the CPU seconds of importing pandas in a fresh process: the median of five."""
    found: list[float] = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", "import pandas"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return float(np.median(found))


def costs(rows: int) -> tuple[float, float]:
    """Return the CPU seconds of the replicates, and of a loop over persons, at a size.

    What both share is left out: reading, scoring, and the sums over persons that the levels
    themselves need.
    """
    from divide_index.levels import VarianceMethod, relative_levels
    from divide_index.scoring import score
    from divide_index.simulate import simulate_survey
    from divide_index.survey import read_survey

    frame = simulate_survey("example", seed=1, n=SMALL)
    if rows > SMALL:
        frame = frame.sample(rows, replace=True, random_state=1).reset_index(drop=True)
        frame["id"] = np.arange(rows).astype(str)
    scores = score(read_survey(frame, "example"))
    drawn = VarianceMethod("bootstrap", REPLICATES, seed=1)
    relative_levels(scores, "province")

    def computed(how: VarianceMethod) -> float:
        return min(
            seconds(lambda: relative_levels(scores, "province", variance=how)) for _ in range(2)
        )

    plain, replicated = computed(VarianceMethod()), computed(drawn)
    own = max(replicated - plain, 0.0)
    weights = frame["weight"].to_numpy()
    region = frame["province"].astype(int).to_numpy()
    points = np.random.default_rng(1).uniform(0, 100, (rows, 4))
    psu = np.unique(frame["psu"], return_inverse=True)[1]
    factors = np.random.default_rng(2).poisson(1.0, (TIMED, int(psu.max()) + 1))

    def looped() -> None:
        for row in factors:
            w = weights * row[psu]
            size = np.bincount(region, w)
            for column in points.T:
                means = np.bincount(region, w * column) / np.maximum(size, 1e-12)
                if np.isnan(means).any():
                    raise AssertionError

    return max(own, 1e-3), seconds(looped) / TIMED * REPLICATES


def seconds(act: Callable[[], object]) -> float:
    """Return the CPU seconds of a call."""
    start = time.process_time()
    act()
    return time.process_time() - start


if __name__ == "__main__":
    sys.exit(main())
