"""Interacting theories by weights of prior networks, beside exact oracles: `python benchmarks/weights.py`.

One dimension: the anharmonic oscillator H = p^2/2 + q^2/2 + lambda q^4 by diagonalisation, beside Cauchy nets with
V = lambda phi^4 on [-T, T]; a term 1/N is fitted to all widths. Two dimensions: normal-ordered phi^4 on a square.
Writes benchmarks/WEIGHTS.md.
"""

import time
from pathlib import Path

import numpy as np

import nnqft_ppl as nq
from nnqft_ppl.runtime.jax_settings import enable_x64
from nnqft_ppl.theory.conditioned import Conditioned

BOXES = {0.1: (4.0, 64), 0.5: (2.5, 50), 1.0: (2.0, 48)}  # lambda: T, and the number of midpoints on [-T, T]
WIDTHS = {6: 2**22, 20: 2**22, 200: 2**20}  # draws


def oscillator(coupling: float, states: int = 150) -> tuple[float, float]:
    """<q^2> and <q^4> - 3 <q^2>^2 of the ground state, in oscillator states."""
    lower = np.diag(np.sqrt(np.arange(1, states + 40)), 1)
    q = (lower + lower.T) / np.sqrt(2)
    q2 = q @ q
    q4 = (q2 @ q2)[:states, :states]
    _, vectors = np.linalg.eigh(np.diag(np.arange(states) + 0.5) + coupling * q4)
    ground = vectors[:, 0]
    square = ground @ q2[:states, :states] @ ground
    return square, ground @ q4 @ ground - 3 * square**2


def measured(model: Conditioned, x: np.ndarray, draws: int) -> tuple[np.ndarray, np.ndarray, float, float]:
    """<phi^2> and the connected four-point function with errors, effective draws, and seconds."""
    start = time.perf_counter()
    table = nq.correlators(
        model, x, orders=[2, 4], kinds=["connected"], estimators=["reweight"], draws=draws, dtype="float32"
    )
    seconds = time.perf_counter() - start
    return table["estimate"].to_numpy(), table["mcse"].to_numpy(), table["ess"].iloc[0], seconds


def line() -> list[str]:
    rows = ["| lambda | N | <q^2> | kappa_4 | effective draws | a second |", "|---|---|---|---|---|---|"]
    for coupling, (half, count) in BOXES.items():
        step = 2 * half / count
        x = (np.arange(count)[:, None] + 0.5) * step - half
        found = {}
        for width, draws in WIDTHS.items():
            model = nq.deform(nq.load("cauchy", width=width), f"{coupling}*phi^4", x, np.full(count, step))
            value, error, ess, seconds = found[width] = measured(model, np.zeros((1, 4, 1)), draws)
            numbers = " | ".join(f"{v:.5f} +- {e:.5f}" for v, e in zip(value, error, strict=True))
            rows.append(f"| {coupling} | {width} | {numbers} | {ess:.0f} | {ess / seconds:.0f} |")
        exact = np.array(oscillator(coupling))
        rows.append(f"| {coupling} | infinite, exact | {exact[0]:.5f} | {exact[1]:.5f} | | |")
        slope = 20 * (found[20][0] - exact)  # the term 1/N, from the width 20
        z = (found[200][0] - exact - slope / 200) / np.hypot(found[200][1], found[20][1] / 10)
        apart = (found[200][0] - found[20][0]) / np.hypot(found[200][1], found[20][1])
        rows.append(
            f"| {coupling} | 200 | z {z[0]:+.1f} from the oracle with the term 1/N of N = 20; {apart[0]:+.1f} errors "
            f"from N = 20 | z {z[1]:+.1f}; {apart[1]:+.1f} errors | | |"
        )
    return rows


def plane() -> list[str]:
    rows = ["| lambda | N | <phi(0)^2> | G4c, square | effective draws | a second |", "|---|---|---|---|---|---|"]
    edge = -2 + (np.arange(12) + 0.5) / 3
    x = np.stack(np.meshgrid(edge, edge, indexing="ij"), axis=-1).reshape(-1, 2)
    square = 0.25 * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    for width, draws in ((100, 2**22),):
        net = nq.load("alpha_scalar", dim=2, width=width, cutoff=5.0, amplitude="gaussian")
        c = float(net.two_point(np.zeros(2), np.zeros(2)))
        model = nq.deform(net, f"phi^4 - {6 * c}*phi^2 + {3 * c**2}", x, np.full(144, 1 / 9))
        value, error, ess, seconds = measured(model, np.stack([np.zeros((4, 2)), square]), draws)
        rows.append(
            f"| 1 | {width} | {value[0]:.5f} +- {error[0]:.5f} | {value[3]:.5f} +- {error[3]:.5f} | {ess:.0f} | "
            f"{ess / seconds:.0f} |"
        )
    return [*rows, "| 1 | infinite, reweighted Gaussian process | .29331 +- .00005 | -.01291 +- .00008 | | |"]


if __name__ == "__main__":
    enable_x64()
    text = ["# Interacting theories by weights", "", *line(), "", *plane(), ""]
    Path(__file__).with_name("WEIGHTS.md").write_text("\n".join(text))
    print("\n".join(text))
