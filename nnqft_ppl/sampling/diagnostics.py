"""Are the chains honest? Diagnostics in function space, as neurons are exchangeable and their labels mean nothing."""

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from nnqft_ppl.runtime.arrays import Array

if TYPE_CHECKING:  # ArviZ takes a third of a second, which commands without chains need not wait for
    from xarray import DataTree

RESIDUAL = 4.0  # standard errors
R_HAT, ESS = 1.01, 400.0  # Vehtari, Gelman, Simpson, Carpenter and Burkner (2021)


class Convergence(NamedTuple):
    """The worst of all diagnostics, and whether they are good enough."""

    r_hat: float
    ess: float
    divergences: int
    bfmi: float
    schwinger_dyson: float = np.nan  #: standard errors of the residual from zero

    @property
    def converged(self) -> bool:
        """R-hat <= 1.01, bulk and tail ESS >= 400, no divergence, and a Schwinger-Dyson residual within 4 errors."""
        honest = not abs(self.schwinger_dyson) > RESIDUAL  # where it is known
        return self.r_hat <= R_HAT and self.ess >= ESS and self.divergences == 0 and honest

    @property
    def line(self) -> str:
        """The diagnostics in one line."""
        word = "converged" if self.converged else "NOT converged"
        bfmi = f", E-BFMI {self.bfmi:.2f}" if np.isfinite(self.bfmi) else ""
        residual = f", Schwinger-Dyson z {self.schwinger_dyson:+.1f}" if np.isfinite(self.schwinger_dyson) else ""
        limits = f"(limits {R_HAT}, {ESS:.0f}, 0)"
        numbers = f"worst R-hat {self.r_hat:.4f}, least ESS {self.ess:.0f}, {self.divergences} divergences"
        return f"{word}: {numbers} {limits}{bfmi}{residual}"


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
            with np.errstate(divide="ignore", invalid="ignore"):  # a few draws may have no spread in their ranks
                row |= dict.fromkeys(("mcse", "ess_bulk", "ess_tail", "r_hat"), np.nan) if constant else _statistics(x)
            rows.append(row)
    return pd.DataFrame(rows)


def _statistics(x: Array) -> dict[str, float]:
    """ArviZ's diagnostics of one number, (chain, draw)."""
    from arviz_stats.base import array_stats  # pyright: ignore

    axes: dict[str, Any] = {"chain_axis": 0, "draw_axis": 1}
    found: dict[str, Any] = {
        "mcse": array_stats.mcse(x, **axes, method="mean"),
        "ess_bulk": array_stats.ess(x, **axes, method="bulk"),
        "ess_tail": array_stats.ess(x, **axes, method="tail", prob=(0.05, 0.95)),
        "r_hat": array_stats.rhat(x, **axes, method="rank"),
    }
    return {name: float(value) for name, value in found.items()}


def judge(summary: pd.DataFrame, diverging: Array | None, energy: Array | None) -> Convergence:
    """Convergence by a summary, with divergences (chain, draw) and energies where the sampler has them."""
    bfmi = np.nan
    if energy is not None:
        bfmi = float(np.min(np.mean(np.diff(energy, axis=1) ** 2, axis=1) / np.var(energy, axis=1)))
    return Convergence(
        float(np.nanmax(summary["r_hat"])),
        float(np.nanmin(summary[["ess_bulk", "ess_tail"]])),
        0 if diverging is None else int(diverging.sum()),
        bfmi,
    )


class PredictiveCheck(NamedTuple):
    """How well a posterior predicts its own data: coverage of its bands, and leaving values out one by one."""

    half: float  #: fraction of the values in the central 50 % of the posterior predictive
    most: float  #: and in the central 95 %
    elpd: float  #: expected log predictive density by PSIS-LOO, in standardised units
    error: float
    parameters: float  #: effective number of parameters p_loo
    unreliable: int  #: values whose Pareto k is too large for importance sampling
    loo: Any  #: ArviZ's result, value by value

    @property
    def line(self) -> str:
        """The check in one line."""
        bands = f"{100 * self.half:.0f} % of the values in the 50 % band, {100 * self.most:.0f} % in the 95 %"
        doubt = f"; NOT reliable: {self.unreliable} values with a large Pareto k" if self.unreliable else ""
        return f"predictive: {bands}; elpd_loo {self.elpd:.1f} +- {self.error:.1f}, p_loo {self.parameters:.1f}{doubt}"


def predictive_check(tree: "DataTree") -> PredictiveCheck:
    """The posterior predictive check of a tree with data: coverage, and PSIS-LOO by ArviZ (Vehtari et al. 2017)."""
    from arviz_stats import loo  # pyright: ignore

    drawn, seen = tree["posterior_predictive/y"].to_numpy(), tree["observed_data/y"].to_numpy()
    drawn = drawn.reshape(-1, *seen.shape)

    def inside(level: float) -> float:
        low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        return float(np.mean((low <= seen) & (seen <= high)))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about large Pareto k, which are counted here
        found: Any = loo(tree, pointwise=True)
    unreliable = int(np.sum(np.asarray(found.pareto_k) > found.good_k))
    return PredictiveCheck(
        inside(0.5), inside(0.95), float(found.elpd), float(found.se), float(found.p), unreliable, found
    )


def rank(checks: dict[str, PredictiveCheck]) -> pd.DataFrame:
    """Theories by elpd, best first: elpd, p, elpd_diff, weight (stacking), se, dse by ArviZ, and large_k of each."""
    from arviz_stats import compare  # pyright: ignore

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about large Pareto k, which have a column of their own
        found: Any = compare({name: check.loo for name, check in checks.items()}, round_to="none")
    table = pd.DataFrame(found, columns=["rank", "elpd", "p", "elpd_diff", "weight", "se", "dse"])
    table["large_k"] = [checks[name].unreliable for name in map(str, table.index)]
    return table
