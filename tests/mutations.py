"""Errors planted in every card, in what is drawn or in what is said, and the rows of the scoreboard that catch them.

`make mutations` plants them all and writes docs/MUTATIONS.md. An error in what is drawn leaves the closed forms as they
are: another value of one hyperparameter, other tails, a sign, a phase, a dropped 1/sqrt N, a lost or a planted
dependence, a neuron that is off. An error in what is said leaves the draws as they are: a factor, a sign, stretched
points or a constant, in each closed form that the card states. What turns red are rows of the study `theorems`, made
by the functions and with the draws of a quick run of `nnqft reproduce`.
"""

import dataclasses
import functools
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl import InputError, enable_x64, names
from nnqft_ppl.checks.draws import Networks, recorded
from nnqft_ppl.reports.provenance import card_name
from nnqft_ppl.studies import Row, Study
from nnqft_ppl.studies.theorems import (  # pyright: ignore[reportMissingImports]
    INSTANCES,
    drawn,
    theorem_rows,
    theory,
    with_methods,
)
from nnqft_ppl.theory import AMPLITUDES, AmplitudeLaw

DRAWS = 200_000
Theta = dict[str, jax.Array]


class Mutation(NamedTuple):
    """An error, and the row that caught it: the one that is furthest off."""

    card: str
    where: str
    what: str
    row: Row | None
    red: int
    equivalent: str = ""  #: why no row can see it, where none can


def rows(net: Any, networks: Networks) -> list[Row]:
    """Those of the study `theorems` for one theory."""
    with tempfile.TemporaryDirectory() as folder:
        study = Study("theorems", Path(folder), quick=True)
        theorem_rows(study, net, networks)
    return study.rows


def verdict(net: Any, where: str, what: str, found: list[Row], equivalent: str = "") -> Mutation:
    red = [row for row in found if row.verdict != "holds"]
    worst = max(red, key=distance, default=None)
    return Mutation(card_name(net), where, what, worst, len(red), "" if red else equivalent)


def distance(row: Row) -> float:
    """In standard errors; infinite where there are none."""
    return abs(row.measured - row.expected) / row.error if row.error else np.inf


# -- errors in what is drawn ---------------------------------------------------------------------------------------------


def other_values(net: Any) -> Iterator[tuple[str, Any]]:
    """The theory at another value of each of its hyperparameters in turn."""
    for field in dataclasses.fields(net):
        value = getattr(net, field.name)
        if isinstance(value, AmplitudeLaw):
            others: list[Any] = [law() for law in AMPLITUDES.values() if type(value) is not law][:1]
        elif isinstance(value, bool) or field.name in ("width", "dim", "components"):
            continue
        elif isinstance(value, int):
            others = [value + 1]
        elif isinstance(value, float) and np.isfinite(value):
            others = [value * 1.4, value * 0.5] if value else [0.5]
        else:
            continue
        for other in others:
            try:
                changed = dataclasses.replace(net, **{field.name: other})
            except InputError:
                continue
            text = f"{other:.3g}" if isinstance(other, float) else type(other).__name__
            yield f"{field.name} = {text}", changed
            break


def two_valued(key: jax.Array, value: jax.Array) -> jax.Array:
    """Independent factors 1/2 and sqrt(7)/2 of mean square 1: the variance stays, the tails do not."""
    return value * jnp.where(jax.random.bernoulli(key, shape=value.shape), 0.5, 7**0.5 / 2)


def edits(net: Any) -> Iterator[tuple[str, Callable[[jax.Array, Theta], Theta]]]:
    """Functions of the key and the drawn parameters, whose leading axis is the draw."""
    sites, own = set(net.prior()), set(net.prior()) - {"a"} - set(net.shared)
    root = net.neuron_count**0.5
    if root > 1:
        yield "a without 1/sqrt N", lambda key, t: {**t, "a": root * t["a"]}
    yield "a with other tails", lambda key, t: {**t, "a": two_valued(key, t["a"])}
    yield "a with a mean", lambda key, t: {**t, "a": t["a"] + t["a"].std()}
    laws = net.prior()
    for site in sorted(site for site in sites if laws[site].support.is_discrete):
        yield f"{site} inverted", lambda key, t, s=site: {**t, s: 1 - t[s]}
    for site in sorted(site for site in sites - {"a", "c", "bias"} if not laws[site].support.is_discrete):
        yield f"{site} scaled by 1.2", lambda key, t, s=site: {**t, s: 1.2 * t[s]}
        yield f"{site} with other tails", lambda key, t, s=site: {**t, s: two_valued(key, t[s])}
        yield f"{site} without its sign", lambda key, t, s=site: {**t, s: jnp.abs(t[s])}
    for site in sorted(sites & {"c", "bias"}):
        yield f"{site} on a quarter of its range", lambda key, t, s=site: {**t, s: t[s] / 4}
    if net.neuron_count > 1 and own and net.independent:
        copied = {site: [0, 0, *range(2, net.neuron_count)] for site in own}
        yield "neurons 1 and 2 the same", lambda key, t: {**t, **{s: t[s][:, jnp.array(copied[s])] for s in own}}
    if own and not net.independent and not net.shared:
        # Each draw takes its second neuron from the draw before.
        yield (
            "neurons made independent",
            lambda key, t: {**t, **{s: t[s].at[:, 1].set(jnp.roll(t[s][:, 1], 1, axis=0)) for s in own}},
        )


def unshared(net: Any) -> Any:
    """The theory whose neurons have what they share each for themselves."""

    def sample(self: Any, key: jax.Array, draws: int, points: jax.Array | None = None) -> Theta:
        theta = type(net).sample(self, key, draws, points)
        for site in set(net.shared) & set(theta):
            theta[site] = jnp.stack([jnp.roll(theta[site], i, axis=0) for i in range(net.neuron_count)], axis=1)
        return theta

    return with_methods(net, sample=sample, shared=())


def edited(net: Any, edit: Callable[[jax.Array, Theta], Theta]) -> Any:
    original = type(net).sample

    def sample(self: Any, key: jax.Array, draws: int, points: jax.Array | None = None) -> Theta:
        return edit(jax.random.fold_in(key, 77), original(self, key, draws, points))

    return with_methods(net, sample=sample)


def other_neurons(net: Any) -> Iterator[tuple[str, Any]]:
    original = type(net).neuron
    for what, change in (("1.1 h", lambda h: 1.1 * h), ("h + 0.3", lambda h: h + 0.3), ("|h|", jnp.abs)):
        yield what, with_methods(net, neuron=lambda self, x, _c=change, **theta: _c(original(self, x, **theta)))


#: Errors that leave the law of the networks as it is: card ("" for plane waves on the line), end of the error, why.
EQUIVALENT = (
    ("", "without its sign", "on the line b and -b are one plane wave with phases c and -c, and c is uniform"),
    ("gauss_net", "|h|", "an exponential is positive"),
    ("relu_net", "|h|", "a half plane is not negative"),
    ("shared_scale_cos_net", "g without its sign", "a scale is positive"),
)


def sampler_mutants(net: Any) -> Iterator[tuple[str, Any]]:
    for what, changed in other_values(net):
        yield what, drawn(changed)
    for what, edit in edits(net):
        yield what, edited(drawn(net), edit)
    if net.shared:
        yield "nothing shared by the neurons", unshared(drawn(net))
    yield from other_neurons(drawn(net))


def sampler_mutations(net: Any) -> Iterator[Mutation]:
    for what, mutant in sampler_mutants(net):
        networks = recorded(mutant, draws=DRAWS, seed=1, length=net.length)
        own = card_name(net) if net.dim > 1 or card_name(net) == "gauss_net" else ""
        reasons = (reason for card, end, reason in EQUIVALENT if card == own and what.endswith(end))
        yield verdict(net, "drawn", what, rows(net, networks), next(reasons, ""))


# -- errors in what is said ----------------------------------------------------------------------------------------------


def stretched(value: Any) -> Any:
    if isinstance(value, (np.ndarray, float)):
        return 3.0 * value
    return type(value)(stretched(one) for one in value) if isinstance(value, list) else value


FORMS: dict[str, Callable[[Callable[..., Any], Any], Callable[..., Any]]] = {
    "times 2": lambda right, size: lambda self, *args: 2 * right(self, *args),
    "sign": lambda right, size: lambda self, *args: -right(self, *args),
    "stretched points": lambda right, size: lambda self, *args: right(self, *(stretched(one) for one in args)),
    "plus a constant": lambda right, size: lambda self, *args: right(self, *args) + size,
}


def formula_mutations(net: Any) -> Iterator[Mutation]:
    networks = recorded(drawn(net), draws=DRAWS, seed=1)
    size = 0.5 * float(np.sqrt(np.mean(networks.field**2)))
    before = {row.statement: row.expected for row in rows(net, networks)}
    for theorem, (what, form) in itertools.product(net.theorems(), FORMS.items()):
        right = getattr(type(net), theorem.quantity)
        mutant = with_methods(net, **{theorem.quantity: functools.wraps(right)(form(right, size))})
        found = rows(mutant, networks)
        same = all(np.isclose(row.expected, before.get(row.statement, np.nan), rtol=1e-12, atol=0) for row in found)
        reason = "the closed form says what it said: it vanishes, is a constant, or takes no points" if same else ""
        yield verdict(net, theorem.quantity, what, found, reason)


# -- the report ----------------------------------------------------------------------------------------------------------


def report(found: list[Mutation], seconds: float) -> str:
    caught = [one for one in found if one.row is not None]
    equivalent = [one for one in found if one.row is None and one.equivalent]
    missed = [one for one in found if one.row is None and not one.equivalent]
    lines = [
        "# Planted errors, and the rows that catch them",
        "",
        "Made by `make mutations`. Each error is planted alone in one card: in what is *drawn*, while the closed forms",
        "stay, or in one closed form, while the draws stay. A row counts that falls short in the study `theorems` with",
        f"the {DRAWS} draws of `nnqft reproduce --quick`; of several the one furthest off is named, with its distance in",
        "standard errors.",
        "",
        f"**{len(found)} errors in {len({one.card for one in found})} cards: {len(caught)} caught, {len(equivalent)} "
        f"change nothing that can be drawn or said, {len(missed)} missed.** {seconds / 60:.0f} minutes.",
        "",
        "| card | where | error | red rows | caught by | z |",
        "|---|---|---|---|---|---|",
    ]
    for one in found:
        if one.row is None:
            fate = f"equivalent: {one.equivalent}" if one.equivalent else "**missed**"
            lines.append(f"| {one.card} | {one.where} | {one.what} | 0 | {fate} | |")
            continue
        title = one.row.statement.partition(": ")[2].replace("|", r"\|")
        what = one.what.replace("|", r"\|")
        lines.append(
            f"| {one.card} | {one.where} | {what} | {one.red} | {one.row.equation} {title} | {distance(one.row):.0f} |"
        )
    return "\n".join(lines) + "\n"


def every_mutation(chosen: Sequence[str]) -> Iterator[Mutation]:
    """All mutations of the chosen cards, each card at the hyperparameters of a quick run."""
    for name in chosen:
        net = theory(name, next(settings for card, settings in INSTANCES if card == name))
        yield from sampler_mutations(net)
        yield from formula_mutations(net)
        jax.clear_caches()  # the programs of all cards together have more pieces of memory than a process may map


if __name__ == "__main__":
    enable_x64()
    start, everything = time.perf_counter(), []
    for mutation in every_mutation(sys.argv[2:] or names()):
        everything.append(mutation)
        fate = mutation.row.statement if mutation.row else mutation.equivalent or "MISSED"
        print(f"{len(everything)} {mutation.card} {mutation.where}: {mutation.what} -> {fate}", file=sys.stderr)
    Path(sys.argv[1]).write_text(report(everything, time.perf_counter() - start), encoding="utf-8")
    sys.exit(any(one.row is None and not one.equivalent for one in everything))
