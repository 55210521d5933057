"""Are the chains honest? Diagnostics in function space, as neurons are exchangeable and their labels mean nothing."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats  # pyright: ignore

from nnqft_ppl.points import Array

R_HAT, ESS = 1.01, 400.0  # Vehtari, Gelman, Simpson, Carpenter and Burkner (2021)


class Verdict(NamedTuple):
    """The worst of all diagnostics, and whether they are good enough."""

    r_hat: float
    ess: float
    divergences: int
    bfmi: float

    @property
    def converged(self) -> bool:
        """R-hat <= 1.01, bulk and tail ESS >= 400, and no divergence."""
        return self.r_hat <= R_HAT and self.ess >= ESS and self.divergences == 0

    @property
    def line(self) -> str:
        """The verdict in one line."""
        word = "converged" if self.converged else "NOT converged"
        bfmi = f", E-BFMI {self.bfmi:.2f}" if np.isfinite(self.bfmi) else ""
        limits = f"(limits {R_HAT}, {ESS:.0f}, 0)"
        numbers = f"worst R-hat {self.r_hat:.4f}, least ESS {self.ess:.0f}, {self.divergences} divergences"
        return f"{word}: {numbers}{bfmi} {limits}"


def summarise(quantities: dict[str, Array]) -> pd.DataFrame:
    """Mean, deviation, Monte Carlo error, ESS and rank-normalised R-hat of arrays (chain, draw, ...), one row a number.

    Rows are keyed by the quantity and the index of the number within it.
    """
    rows = []
    for name, values in quantities.items():
        flat = values.reshape(*values.shape[:2], -1)
        for index in range(flat.shape[2]):
            x = flat[:, :, index]
            constant = np.ptp(x) == 0
            row = {"quantity": name, "index": index, "mean": x.mean(), "sd": x.std(ddof=1)}
            for label, compute in _STATISTICS.items():
                with np.errstate(divide="ignore", invalid="ignore"):  # a few draws may have no spread in their ranks
                    row[label] = np.nan if constant else float(compute(x))
            rows.append(row)
    return pd.DataFrame(rows)


_STATISTICS: dict[str, Any] = {
    "mcse": lambda x: array_stats.mcse(x, chain_axis=0, draw_axis=1, method="mean"),
    "ess_bulk": lambda x: array_stats.ess(x, chain_axis=0, draw_axis=1, method="bulk"),
    "ess_tail": lambda x: array_stats.ess(x, chain_axis=0, draw_axis=1, method="tail", prob=(0.05, 0.95)),
    "r_hat": lambda x: array_stats.rhat(x, chain_axis=0, draw_axis=1, method="rank"),
}


def judge(summary: pd.DataFrame, diverging: Array | None, energy: Array | None) -> Verdict:
    """The verdict on a summary, with divergences (chain, draw) and energies where the sampler has them."""
    bfmi = np.nan
    if energy is not None:
        bfmi = float(np.min(np.mean(np.diff(energy, axis=1) ** 2, axis=1) / np.var(energy, axis=1)))
    return Verdict(
        float(np.nanmax(summary["r_hat"])),
        float(np.nanmin(summary[["ess_bulk", "ess_tail"]])),
        0 if diverging is None else int(diverging.sum()),
        bfmi,
    )
