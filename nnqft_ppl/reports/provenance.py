"""Where a row comes from: the card's name and its hyperparameters as columns."""

import dataclasses
from typing import Any

import numpy as np

from nnqft_ppl.theory.amplitudes import NAMED_LAWS, AmplitudeLaw
from nnqft_ppl.theory.architecture import Architecture


def card_name(net: Architecture) -> str:
    """The name under which `load` finds the card: its module's last part."""
    return type(net).__module__.rpartition(".")[2]


def flat_hyperparameters(net: Architecture) -> dict[str, Any]:
    """Every hyperparameter as a scalar: a law is its name and ``amplitude.mu``, ..., a spectrum its label."""
    law_names = {law: name for name, law in NAMED_LAWS.items()}
    flat: dict[str, Any] = {}
    for field in dataclasses.fields(net):
        value = getattr(net, field.name)
        if isinstance(value, AmplitudeLaw):
            flat[field.name] = law_names.get(type(value), type(value).__name__)
            for inner in dataclasses.fields(value):
                flat[f"{field.name}.{inner.name}"] = getattr(value, inner.name)
        else:
            flat[field.name] = value if np.isscalar(value) else str(value)
    return flat
