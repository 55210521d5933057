"""Make `configurations.csv`: 900 four-point configurations in the plane, 18 sets of 50.

The sets are the cells of alpha in {-1, 0, 1} x width in {30, 50} x rescale in {0.3, 1, 3}; within a set the points are
normal deviates, rounded to three decimals and multiplied by the rescaling. Run it from the repository's root.
"""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

PER_SET, POINTS, DIM = 50, 4, 2

if __name__ == "__main__":
    generator = np.random.default_rng(2024)
    shape = generator.normal(size=(PER_SET, POINTS, DIM)).round(3)  # the sets differ in scale and theory, not in shape
    parts = []
    for number, (alpha, width, rescale) in enumerate(product((-1, 0, 1), (30, 50), (0.3, 1.0, 3.0))):
        x = (rescale * shape).reshape(-1, DIM).round(4)
        parts.append(
            pd.DataFrame(
                {
                    "configuration": number * PER_SET + np.repeat(np.arange(PER_SET), POINTS),
                    "alpha": alpha,
                    "width": width,
                    "rescale": rescale,
                    "x0": x[:, 0],
                    "x1": x[:, 1],
                }
            )
        )
    pd.concat(parts).to_csv(Path(__file__).with_name("configurations.csv"), index=False)
