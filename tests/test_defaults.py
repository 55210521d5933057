"""The command line and Python mean the same by a default: every command against the function that it calls."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import nnqft_ppl as nq
from nnqft_ppl.cli.app import app
from nnqft_ppl.cli.correlators import _words, integers

COMMANDS: dict[str, Any] = {c.name or getattr(c.callback, "__name__", ""): c.callback for c in app.registered_commands}

#: What a command calls, and its options that are spelt otherwise there.
CALLS: dict[str, tuple[Callable[..., Any], dict[str, str]]] = {
    "action": (nq.action, {}),
    "atlas": (nq.write_atlas, {}),
    "axioms": (nq.axiom_verdicts, {}),
    "check": (nq.check, {}),
    "compare": (nq.posterior, {}),
    "correlators": (nq.correlators, {"order": "orders", "kind": "kinds"}),
    "design": (nq.design, {}),
    "draw": (nq.prior_predictive, {}),
    "dual": (nq.duality, {}),
    "energies": (nq.energies, {}),
    "interact": (nq.interact, {"box": "side", "wick": "normal_order"}),
    "modes": (nq.modes, {}),
    "posterior": (nq.posterior, {}),
    "predict": (nq.predictions, {}),
    "vacua": (nq.vacua, {}),
}
#: Commands that are no single function.
OTHERS = {"demo", "list", "show", "sweep", "reproduce"}

READ: dict[str, Callable[[str], Any]] = {
    "orders": lambda text: tuple(integers("orders", text)),
    "widths": lambda text: tuple(integers("widths", text)),
    "kinds": lambda text: tuple(_words(text)),
}


def test_every_command_is_accounted_for():
    assert set(CALLS) | OTHERS == set(COMMANDS)
    assert not set(CALLS) & OTHERS


@pytest.mark.parametrize("name", CALLS)
def test_defaults_agree(name):
    """An option without a default, None, leaves it to the function."""
    function, renamed = CALLS[name]
    there = inspect.signature(function).parameters
    compared = 0
    for option, parameter in inspect.signature(COMMANDS[name]).parameters.items():
        word = renamed.get(option, option)
        default: Any = parameter.default
        if word not in there or there[word].default is inspect.Parameter.empty or default is None:
            continue
        if isinstance(default, str) and word in READ:
            default = READ[word](default)
        if word != "dim":  # of axioms --all
            assert default == there[word].default, f"nnqft {name} --{option}"
            compared += 1
    assert compared >= (name not in ("predict", "dual"))
    assert set(renamed) <= set(inspect.signature(COMMANDS[name]).parameters)
