"""The action of a network as a tidy table of couplings, how local it is, and a picture."""

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nnqft_ppl.interacting.couplings import Couplings, check_powers, couplings_of, cumulants, exact_couplings
from nnqft_ppl.reports.figures import COLOURS, look, panels
from nnqft_ppl.reports.provenance import card_name, flat_hyperparameters
from nnqft_ppl.reports.schemas import validate_table
from nnqft_ppl.runtime.arrays import Array, check_points
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.text import told
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, unconditioned


def action(net: Model, points: ArrayLike | None = None, *, powers: int = 2) -> pd.DataFrame:
    """The action of a network: the couplings of S = -log P[phi] on points, from its exact connected correlators.

    S = sum g2_ij phi_i phi_j + sum g4_ijkl phi^4 + sum g6_.. phi^6 + ... on the fields phi_i = phi(x_i): what the
    interactions I_N of (8) are in the language of a path integral (arXiv:2307.03223). g4 and g6 are as non-local as the
    correlators of the neurons: the column ``extent`` tells how far.

    Parameters
    ----------
    net
        A theory with closed neuron moments, one component and no odd correlators.
    points
        Shape (n, d), n <= 8, so far apart that G2 has an inverse; by default four in a row, two lengths of the theory
        apart.
    powers
        Powers of 1/N that the couplings have: 0, 1 or 2.

    Returns
    -------
    A tidy DataFrame in the schema ``action``, a row for each coupling. On one or two points there is an exact value
    beside it where the generating functional is closed.

    Raises
    ------
    NoClosedForm
        where the card has no closed neuron moments, or the theory has data, a source or an action.
    InputError
        for bad points or powers, a field of several components, or odd correlators.

    Examples
    --------
    On one point, for cosines of constant modulus, N g_4 -> 1/4 as N -> infinity; exactly .2452287776 at N = 100.

    >>> net = nq.load("cos_net", width=100, amplitude="constant_modulus")
    >>> table = nq.action(net, [[0.0]])
    >>> four = table[table["order"] == 4].iloc[0]
    >>> print(f"{100 * four['leading']:.10f} {100 * four['coupling']:.10f} {100 * four['exact']:.10f}")
    0.2500000000 0.2452083333 0.2452287776
    """
    theory = unconditioned(net, "action", "it is exact for what P(theta) alone makes", NoClosedForm)
    x = default_points(theory) if points is None else check_points(points, theory.dim)
    known = cumulants(theory, x)
    found, first = couplings_of(known, check_powers(powers)), couplings_of(known)
    leading = [couplings_of(known, 0).two, couplings_of(known, 1).four, first.six]
    exact = _exact(theory, x)
    distance = np.linalg.norm(x[:, None] - x[None], axis=-1)
    rows = []
    for k, n in enumerate((2, 4, 6)):
        for places in itertools.combinations_with_replacement(range(len(x)), n):
            ways = math.factorial(n) // math.prod(math.factorial(m) for m in Counter(places).values())
            extent = distance[np.ix_(places, places)].max()
            value = np.nan if exact is None else exact[k][places]
            text = ",".join(map(str, places))
            rows.append((n, text, ways, extent, found[k][places], leading[k][places], value))
    table = pd.DataFrame(rows, columns=["order", "points", "ways", "extent", "coupling", "leading", "exact"])
    own = pd.DataFrame({"card": card_name(theory), **flat_hyperparameters(theory)}, index=table.index)
    table = validate_table(pd.concat([own, table], axis=1).assign(powers=powers, version=VERSION), "action")
    table.attrs["provenance"] = {"theory": repr(theory), **told(theory), "points": x.tolist()}
    return table


def default_points(net: Architecture) -> Array:
    """Four points in a row along the first axis, two lengths of the theory apart."""
    return 2.0 * net.length * np.arange(4.0)[:, None] * np.eye(1, net.dim)


def locality(table: pd.DataFrame) -> pd.DataFrame:
    """The share of all |g_n| that couplings of each extent have: columns order, extent, share."""
    own: Any = table[["order", "extent"]].round(12).assign(share=table["coupling"].abs() * table["ways"])
    sums = own.groupby(["order", "extent"], as_index=False)["share"].sum()
    return sums.assign(share=sums["share"] / sums.groupby("order")["share"].transform("sum"))


def plot_action(table: pd.DataFrame, *, ax: Any = None, width: float | None = None) -> list[Any]:
    """|g_n| of every coupling against its extent, in units of the largest of its order; and how local they are.

    Two panels: on axes `ax` of a figure of one's own, or on those of a new one, `width` inches wide.
    """
    profile = locality(table)
    with panels(ax, 2, columns=2, natural=9.6, ratio=0.8, width=width) as axes:
        sizes, shares = axes
        for k, (n, marker) in enumerate(((2, "o"), (4, "s"), (6, "^"))):
            own: Any = table[table["order"] == n]
            marks: Any = {"ms": 4, "color": COLOURS[k], "label": f"$g_{n}$"}
            sizes.plot(own["extent"], own["coupling"].abs() / own["coupling"].abs().max(), marker, **marks)
            line = profile[profile["order"] == n]
            shares.plot(line["extent"], line["share"].cumsum(), marker, ls=look(k)["linestyle"], **marks)
        sizes.set(yscale="log", xlabel="extent [1/m]", ylabel="|g|, largest of its order 1")
        shares.set(ylim=(0, 1.05), xlabel="extent [1/m]", ylabel="share of |g| within")
        for one in axes:
            one.legend()
    return axes


def _exact(net: Architecture, x: Array) -> Couplings | None:
    """On one or two points, where the generating functional is closed and falls fast enough."""
    if len(x) > 2:
        return None
    try:
        return exact_couplings(net, x)
    except InputError:  # `NoClosedForm` is one too
        return None
