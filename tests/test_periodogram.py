"""Power spectra from draws: the window is accounted for, and a wrong spectrum is seen."""

import numpy as np
import pytest

from nnqft_ppl import InputError, load, models
from nnqft_ppl.correlation.periodogram import periodogram

MOMENTA = np.array([0.2, 1.0, 2.0])
SETTINGS = {"length": 2.0, "spacing": 0.3, "draws": 20_000, "seed": 1}


def test_the_windowed_power_agrees_and_a_wrong_spectrum_is_seen(monkeypatch):
    """z within 5 (false alarms 2e-6 in all) at 1.5 % errors: a spectrum that is 15 % off is seen."""
    net = load("cos_net", width=5)
    found = periodogram(net, MOMENTA, **SETTINGS)
    assert (np.abs(found.estimate - found.expected) < 5 * found.mcse).all()
    assert 5 * found.mcse[1] < 0.15 * found.expected[1]
    card = models.card("cos_net")
    right = card.power_spectrum
    monkeypatch.setattr(card, "power_spectrum", lambda self, p: 1.15 * right(self, p))
    wrong = periodogram(net, MOMENTA, **SETTINGS)
    assert abs(wrong.estimate[1] - wrong.expected[1]) > 5 * wrong.mcse[1]


def test_a_long_window_sees_the_spectrum_itself():
    net = load("cos_net", width=2)
    found = periodogram(net, MOMENTA, length=40.0, spacing=0.3, draws=2, seed=0)
    assert found.expected == pytest.approx(net.power_spectrum(MOMENTA[:, None]), rel=1e-3)


def test_only_on_the_line():
    with pytest.raises(InputError, match="dim must be 1 for a periodogram, got 2"):
        periodogram(load("cos_net", dim=2), MOMENTA, **SETTINGS)
