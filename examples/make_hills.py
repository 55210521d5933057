"""Make `hills.csv`: 80 noisy heights of a landscape that is known, so that a posterior can be held against it.

height(east, north) = 2 exp(-((east - 3)^2 + (north - 6)^2)/4) - 1.5 exp(-((east - 7)^2 + (north - 3)^2)/3) + normal
noise of standard deviation 0.15, at points uniform in the square of side 10. Run it from the repository's root.
"""

from pathlib import Path

import numpy as np
import pandas as pd

POINTS, SIDE, NOISE = 80, 10.0, 0.15


def height(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    """A hill and a hollow."""
    hill = 2.0 * np.exp(-((east - 3.0) ** 2 + (north - 6.0) ** 2) / 4.0)
    return hill - 1.5 * np.exp(-((east - 7.0) ** 2 + (north - 3.0) ** 2) / 3.0)


if __name__ == "__main__":
    generator = np.random.default_rng(2024)
    east, north = generator.uniform(0.0, SIDE, size=(2, POINTS)).round(2)
    noisy = (height(east, north) + NOISE * generator.normal(size=POINTS)).round(2)
    pd.DataFrame({"east": east, "north": north, "height": noisy}).to_csv(
        Path(__file__).with_name("hills.csv"), index=False
    )
