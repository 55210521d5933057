"""How often a row of the scoreboard falls short by chance: quick runs of the studies with other seeds.

`python benchmarks/false_alarms.py [SEEDS] [STUDY ...]` writes FALSE_ALARMS.md. A row by draws that states 5 standard
errors promises a chance of 6e-7; with R rows that is R 6e-7 a run. What can be measured with few runs is whether z is a
standard normal number: the shares of rows beyond 2 and 3 errors, against 4.55 % and 0.27 %, with the errors that the
scatter from run to run gives them, as rows of one study share their draws.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.stats import norm

from nnqft_ppl import enable_x64, studies

#: Those whose rows are nearly all exact, or whose chains take minutes a run, are left out.
LEFT_OUT = ("published", "printed_forms", "landscapes", "classical_lines", "design", "calibration", "posterior")


def main(runs: int, chosen: list[str]) -> str:
    start, rows = time.perf_counter(), []
    for seed in range(1, runs + 1):
        for name in chosen:
            with tempfile.TemporaryDirectory() as folder:
                rows += [(seed, row) for row in studies.run(name, folder, quick=True, seed=seed)]
        print(f"seed {seed}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    fixed = {(row.study, row.statement) for seed, row in rows if row.verdict != "holds"}
    by_draws = [(seed, row) for seed, row in rows if row.route == "draws" and np.isfinite(row.error) and row.error > 0]
    lines = [
        "# False alarms",
        "",
        f"{runs} seeds, quick runs, {len(rows)} rows in all, {len(by_draws)} of them by draws with a standard error; "
        f"{time.perf_counter() - start:.0f} s. Made by `python benchmarks/false_alarms.py {runs} {' '.join(chosen)}`.",
        "",
        f"Rows that fell short: {sum(row.verdict != 'holds' for _, row in rows)} "
        f"({'; '.join(sorted(f'{study}: {statement}' for study, statement in fixed)) or 'none'}).",
        f"Expected of rows that state 5 errors: {2 * norm.sf(5) * len(by_draws):.2g}.",
        "",
        "| study | rows a run by draws | beyond 2 errors (4.55 %) | beyond 3 errors (0.27 %) | mean of z^2 (1) |",
        "|---|---|---|---|---|",
    ]
    for name in [*chosen, "all"]:
        own = [(seed, row) for seed, row in by_draws if name in (row.study, "all")]
        if not own:
            continue
        z = np.array([(row.measured - row.expected) / row.error for _, row in own])
        seeds = np.array([seed for seed, _ in own])
        shares = []
        for values, scale in ((np.abs(z) > 2, 100), (np.abs(z) > 3, 100), (z**2, 1)):
            means = np.array([values[seeds == seed].mean() for seed in np.unique(seeds)]) * scale
            shares.append(f"{means.mean():.2f} ± {means.std(ddof=1) / len(means) ** 0.5:.2f}")
        lines.append(f"| {name} | {len(own) / runs:.0f} | {' | '.join(shares)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    enable_x64()
    chosen = sys.argv[2:] or [name for name in studies.names() if name not in LEFT_OUT]
    text = main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, chosen)
    Path(__file__).with_name("FALSE_ALARMS.md").write_text(text, encoding="utf-8")
