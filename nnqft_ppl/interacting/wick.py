"""Normal order: polynomials of a field without the contractions of its powers with themselves.

With C = <phi^2> of the free theory, :phi^n: is the Hermite polynomial C^(n/2) He_n(phi/sqrt C), so that the mean of
:phi^n: vanishes and :phi^m: and :phi^n: are orthogonal in the Gaussian theory. In two dimensions and more C grows
without bound with the cutoff, and only normal-ordered potentials have a continuum limit.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.polynomial import Polynomial

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.expressions import Expression

HIGHEST = 20  # power of the field


def wick(potential: str, variance: float) -> str:
    """The normal-ordered potential :V(phi):, as the text of a polynomial again.

    Every power becomes :phi^n: = sum_k (-C/2)^k n!/(k! (n - 2k)!) phi^(n - 2k), with C = <phi^2> of the theory without
    V, regulated as it is there: :phi^2: = phi^2 - C, :phi^4: = phi^4 - 6 C phi^2 + 3 C^2 (Simon, The P(phi)_2 Euclidean
    (Quantum) Field Theory, I.1).

    Parameters
    ----------
    potential
        V, a polynomial in ``phi`` as `deform` reads it: ``"0.1*phi^4 - 0.3*phi^2"``.
    variance
        C, the two-point function of the theory at one point.

    Returns
    -------
    The text of ``:V:``, for `deform`; its numbers are read back as they are.

    Raises
    ------
    InputError
        for a text that is no polynomial in ``phi``, components of a field with several, or a variance that is negative.

    Examples
    --------
    >>> nq.wick("phi^4", 0.5)
    'phi^4 - 3.0*phi^2 + 0.75'
    >>> net = nq.load("alpha_scalar", dim=2, cutoff=5.0)
    >>> c = float(net.two_point([0.0, 0.0], [0.0, 0.0]))
    >>> model = nq.deform(net, nq.wick("phi^4", c), [[0.0, 0.0]])
    """
    if not (math.isfinite(variance) and variance >= 0):
        raise InputError(f"wick: variance must be finite and not negative, got {variance}")
    ordered = np.zeros(1)
    for power, coefficient in enumerate(coefficients(potential)):
        ordered = np.polynomial.polynomial.polyadd(ordered, coefficient * normal_power(power, variance))
    return polynomial_text(ordered)


def normal_power(n: int, variance: float) -> Array:
    """The coefficients of :phi^n:, from that of phi^0 on, (n + 1,)."""
    found = np.zeros(n + 1)
    for k in range(n // 2 + 1):
        found[n - 2 * k] = (-variance / 2) ** k * math.factorial(n) / (math.factorial(k) * math.factorial(n - 2 * k))
    return found


def coefficients(potential: str | Expression) -> Array:
    """Those of a polynomial in the field of one component, from that of phi^0 on.

    Raises
    ------
    InputError
        ``wick: potential must be a polynomial in phi, got 'cos(phi)'``.
    """
    expression = Expression(potential) if isinstance(potential, str) else potential
    refusal = InputError(f"potential must be a polynomial in phi, got {expression.text!r}")
    if any(step.what == "name" and step.argument not in ("phi", "square", "pi") for step in expression.steps):
        raise InputError(f"potential must be a polynomial in phi, of a field of one component, got {expression.text!r}")
    names = {"phi": Polynomial([0.0, 1.0]), "square": Polynomial([0.0, 0.0, 1.0]), "pi": Polynomial([math.pi])}
    stack: list[Polynomial] = []
    try:
        with np.errstate(all="raise"):
            for step in expression.steps:
                if step.what in ("number", "name"):
                    value = Polynomial([step.argument]) if step.what == "number" else names[step.argument]
                elif step.what == "neg":
                    value = -stack.pop()
                elif step.what == "function":
                    value = Polynomial([float(getattr(np, step.argument)(_constant(stack.pop())))])
                elif step.what == "power":
                    value = _power(stack.pop(), step.argument)
                else:
                    right, left = stack.pop(), stack.pop()
                    value = _OPERATORS[step.argument](left, right)
                stack.append(value)
    except ArithmeticError:
        raise refusal from None
    return np.asarray(stack.pop().trim().coef, dtype=float)


def _constant(part: Polynomial) -> float:
    if part.trim().degree():
        raise ArithmeticError("a polynomial where a number must be")
    return float(part.coef[0])


def _power(base: Polynomial, exponent: float) -> Polynomial:
    degree = base.trim().degree()
    if not degree:
        return Polynomial([_constant(base) ** exponent])
    if exponent != int(exponent) or not 0 <= exponent * degree <= HIGHEST:
        raise ArithmeticError("no polynomial, or one of too high a degree")
    return base.trim() ** int(exponent)


def _product(left: Polynomial, right: Polynomial) -> Polynomial:
    if left.degree() + right.degree() > HIGHEST:
        raise ArithmeticError("a polynomial of too high a degree")
    return left * right


_OPERATORS: dict[str, Callable[[Polynomial, Polynomial], Polynomial]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": _product,
    "/": lambda left, right: left / _constant(right),
    "^": lambda left, right: _power(left, _constant(right)),
}


def polynomial_text(values: Array) -> str:
    """The text of a polynomial with these coefficients, its highest power first."""
    terms = ""
    for power in reversed(range(len(values))):
        value = float(values[power])
        if value == 0.0:
            continue
        number, name = repr(abs(value)), "phi" if power == 1 else f"phi^{power}"
        term = number if power == 0 else name if number == "1.0" else f"{number}*{name}"
        terms += (" - " if value < 0 else " + ") + term
    sign, rest = terms[:3], terms[3:]
    return f"-{rest}" if sign == " - " else rest or "0.0"
