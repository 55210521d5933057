"""Spectra as tables."""

from typing import Any

import numpy as np
import pandas as pd

ROWS = 257  # of a table of a spectrum


def spectrum_table(net: Any) -> pd.DataFrame:
    """The spectrum of a tuned net as columns ``p, G``, which `Spectrum.read` takes."""
    end = min(net.spectrum.reach(1.0, net.dim), net.cutoff)
    p = net.spectrum.width * np.sinh(np.linspace(0.0, np.arcsinh(end / net.spectrum.width), ROWS))
    return pd.DataFrame({"p": p, "G": net.spectrum(np.minimum(p, end))})
