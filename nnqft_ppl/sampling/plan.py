"""Which sampler suits a theory, and why in one line.

What data, sources and actions make of the prior is asked of a few of its draws before any chain runs (`pilot`): their
log weight L decides. Redrawing m of N independent neurons moves L by a variance of about 2 (m/N) Var L. Wide networks
with few or noisy data take whole networks from the prior; more precise data hang on a few neurons, which large blocks
would hardly ever exchange, and where Var L > 1 a gradient is worth its price, unless the values outnumber the neurons
and the amplitudes are gone: then a sweep meets the values once, and a gradient at every step.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Literal, NamedTuple, get_args

import numpy as np

from nnqft_ppl.laws.charts import has_tails
from nnqft_ppl.laws.joint import leaf
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.sampling.pilot import pilot, with_likely_values
from nnqft_ppl.sampling.samplers import GibbsSampler, NutsSampler, Sampler
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Conditioned, Model, conditioned
from nnqft_ppl.theory.gaussian_amplitudes import gaussian_amplitudes
from nnqft_ppl.theory.transforms import collapse

SamplerName = Literal["nuts", "gibbs"]
SAMPLERS: tuple[SamplerName, ...] = get_args(SamplerName)

#: Variance of the log weight of prior draws. At 1.4 Gibbs moves gave 8 times fewer effective draws a second than NUTS,
#: at 0.7 four times more (years of the Nile, Cos-net), where amplitudes are kept, or neurons as many as values.
PRECISE = 1.0
#: With fewer neurons than values a sweep takes a hundredth of a trajectory's time, and moves well while one new neuron
#: changes the log weight by less than this variance: at 0.6, for 50 neurons of the Cos-net and 300 values on the line,
#: it gave 0.65 effective draws a draw; at 2 to 8, 40 neurons and the 80 heights of `examples/hills.csv`, one in 200,
#: and NUTS 0.7.
STUBBORN = 1.0
DEVIATION = 0.25  # of the log weight when a block is redrawn


class Plan(NamedTuple):
    """How a theory will be sampled, and why in one line."""

    model: Conditioned
    sampler: SamplerName
    line: str
    size: int = 1  #: of the blocks of neurons that Gibbs moves draw anew one after another


def plan(model: Model, sampler: SamplerName | None = None, collapsed: bool | None = None) -> Plan:
    """Choose: amplitudes integrated out where they are Gaussian; Gibbs moves where neurons are independent, else NUTS.

    A gradient earns its price where neurons depend on each other; and of smooth laws, where hyperparameters are unknown
    too, or data so precise that the log weight of prior draws varies by more than PRECISE, unless amplitudes are
    integrated out and neurons fewer than the data and not STUBBORN. `sampler` and `collapsed` override the choice.

    Raises
    ------
    InputError
        for an unknown sampler, or one that the theory's laws rule out.
    """
    model = conditioned(model)
    net = model.net
    if net.paths:
        raise InputError(
            f"{type(net).__name__}: chains keep no path beyond the points of the factors; use correlators with the "
            "estimator reweight, or MCMC(NUTS(model), ...) with all points given to the program"
        )
    separate = net.independent and net.ancestral and not net.shared
    # A source moves the means of the amplitudes with the neurons, which Gibbs moves follow with the amplitudes only.
    integrable = is_linear(model) and not (model.sources and separate)
    if collapsed or (collapsed is None and not model.collapsed and integrable):
        model = collapse(model)
    neuronwise = bool(separate and model.factors) and not (model.collapsed and (model.sources or not _centred(net)))
    if sampler is not None:
        check_sampler(sampler)
    if sampler == "gibbs" and not neuronwise:
        if separate and not model.factors:
            raise InputError("sampler gibbs needs data, a source or an action; prior_predictive draws what has none")
        if separate:
            raise InputError("sampler gibbs needs amplitudes of mean zero and no source where they are integrated out")
        raise InputError(f"sampler gibbs needs independent neurons that can be drawn, which {type(net).__name__} lacks")
    situation = Situation(model, neuronwise)
    chosen, why = (sampler, "") if sampler else next(rule[1:] for rule in RULES if rule[0](situation))
    if chosen == "gibbs":
        size = -(-net.neuron_count // block_count(situation.variance, net.neuron_count))
        how = f"neurons drawn anew {size} at a time" if size < net.neuron_count else "all neurons drawn anew at a time"
    else:
        size, how = 1, "phases as angles of Gaussian pairs, all laws as images of standard normals"
    reasons = ["Gaussian amplitudes integrated out" if model.collapsed else "", why, how]
    name = {"nuts": "NUTS", "gibbs": "Gibbs"}[chosen]
    return Plan(model, chosen, f"{name}: {'; '.join(filter(None, reasons))}", size)


def check_sampler(name: str) -> None:
    """`InputError` for a sampler that is none of SAMPLERS."""
    if name not in SAMPLERS:
        raise InputError(f"sampler must be one of {', '.join(SAMPLERS)}, got {name!r}")


class Situation:
    """What the rules ask of a theory; the variance of its log weight is computed where a rule needs it."""

    def __init__(self, model: Conditioned, neuronwise: bool) -> None:
        self.model, self.neuronwise = model, neuronwise
        self.smooth = not rough_laws(model.net, model)

    @cached_property
    def variance(self) -> float:
        return log_weight_variance(self.model)

    @property
    def quick(self) -> bool:
        """Are sweeps cheap, with fewer neurons than values, and does each neuron find another place?"""
        neurons = self.model.net.neuron_count
        return self.model.collapsed and len(self.model.places) > neurons and 2 * self.variance / neurons < STUBBORN


#: In order: if this holds, that sampler, and what to say of it.
RULES: tuple[tuple[Callable[[Situation], bool], SamplerName, str], ...] = (
    (lambda at: not at.neuronwise, "nuts", ""),
    (lambda at: at.smooth and bool(at.model.unknown), "nuts", ""),
    (
        lambda at: at.smooth and at.variance > PRECISE and not at.quick,
        "nuts",
        "the prior hardly proposes what is likely",
    ),
    (lambda _: True, "gibbs", ""),
)


def is_linear(model: Conditioned) -> bool:
    """Are the amplitudes Gaussian, and all factors linear or quadratic in them?"""
    if model.actions or (model.observation is None and not model.sources):
        return False
    try:
        gaussian_amplitudes(model.net)
    except InputError:
        return False
    return True


def rough_laws(net: Architecture, model: Conditioned) -> bool:
    """Has a law no variance, folded tails or discrete values? Then a gradient does not help, or hardly."""
    return any(leaf(law).is_discrete or has_tails(law) for law in model.laws(net).values())


def sampler_of(chosen: Plan, warmup: int) -> Sampler:
    """The sampler of a plan."""
    return GibbsSampler(chosen.model, chosen.size) if chosen.sampler == "gibbs" else NutsSampler(chosen.model, warmup)


def _centred(net: Architecture) -> bool:
    return bool(np.all(np.asarray(gaussian_amplitudes(net).loc) == 0))


def log_weight_variance(model: Conditioned) -> float:
    """Var L over prior draws of the neurons, with hyperparameters at likely values.

    Raises
    ------
    InputError
        where it is infinite, or L not a number.
    """
    variance = pilot(with_likely_values(model)).variance
    if not np.isfinite(variance):
        raise InputError(
            f"{type(model.net).__name__}: the log likelihood of prior draws must be finite in float64, got one that is "
            "not; the noise is too small, or the values are too far from what the theory can be"
        )
    return variance


def block_count(variance: float, neurons: int) -> int:
    """The number of blocks for which a redrawn block moves the log weight by at most DEVIATION: a power of 4, or N.

    A few numbers, as each is a program: so one or two serve a sweep over the hyperparameters of a theory.
    """
    wanted = max(2.0 * variance / DEVIATION**2, 1.0)
    return int(min(4 ** np.ceil(np.log2(wanted) / 2), neurons))
