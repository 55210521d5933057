"""The Gaussian process that a theory becomes at infinite width: its posterior, and the first step back from it.

At width N the amplitudes, if Gaussian, make the field a Gaussian process whose kernel K_theta = (1/N) sum_i A_2 h_i h_i
is itself random, with mean K and covariance C/N. Given data of likelihood Z(K) the posterior mean of f(K) is
E[Z f]/E[Z], so that to first order in 1/N

    f_N = f + (1/2N) [ (Z f)'' : C - f Z'' : C ] / Z,

with derivatives by the kernel matrix: the prediction that finite networks are held against.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_factor, cho_solve, eigh
from scipy.optimize import minimize_scalar

from nnqft_ppl.inference.markov import MarkovKernel, markov_kernel, markov_log_evidence, markov_posterior
from nnqft_ppl.runtime.arrays import Array, check_noise, check_points, check_values, few_lines, html_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.sampling.networks import over_networks
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, unconditioned
from nnqft_ppl.theory.gaussian_amplitudes import gaussian_amplitudes
from nnqft_ppl.theory.generic import independent_pairs

NOISES = (1e-3, 10.0)  # standard deviations, in units of the size of the values
FEW = 1000  # values below which a Cholesky factor is quicker than the compilation of anything else
MOST, MOST_EIGENVALUES = 5000, 2000  # values of a kernel matrix, and of one whose eigenvectors are wanted
MOST_CROSS = 2**27  # numbers in K(x, z), a gigabyte
INSTEAD = "pass the theory that it was made from, as data are arguments here, or use posterior"


class Normal(NamedTuple):
    """A Gaussian posterior of the field at Q points."""

    mean: Array  #: (Q,)
    covariance: Array  #: (Q, Q)

    __repr__ = few_lines
    _repr_html_ = html_table


class FiniteWidth(NamedTuple):
    """Posterior mean and variance at width N, with errors; or their coefficients of 1/N, without."""

    mean: Array
    variance: Array
    mean_error: Array
    variance_error: Array

    __repr__ = few_lines
    _repr_html_ = html_table


def kernel_matrix(net: Architecture, x: Array, y: Array) -> Array:
    """G^(2)(x_p, y_q), shape (P, Q), for one component of the field."""
    return net.two_point(x[:, None, :], y[None, :, :])


def limit_posterior(net: Model, points: ArrayLike, values: ArrayLike, noise: ArrayLike, at: ArrayLike) -> Normal:
    """The posterior of the field at infinite width, given noisy values: exact.

    As N -> infinity independent neurons make a Gaussian field, (10), with the kernel K = G^(2), which does not depend
    on the width. Given y its mean is K_zx (K_xx + noise^2)^-1 y and its covariance K_zz - K_zx (K_xx + noise^2)^-1 K_xz
    (Rasmussen and Williams, Gaussian Processes for Machine Learning, (2.23) and (2.24)). One Cholesky factor, in
    P^3/3 operations, serves up to 5000 values; beyond 1000, kernels on the line that are Matern's of smoothness 1/2,
    3/2 or 5/2 at these points, such as (31), take O(P Q) by their Markov property.

    Parameters
    ----------
    net
        A theory of independent neurons and even amplitudes, before its data, which are arguments.
    points, values
        Shapes (P, d) and (P,).
    noise
        Standard deviation of the noise: one of all values, or one for each, (P,).
    at
        Shape (Q, d): where the field is wanted.

    Returns
    -------
    A named tuple: ``mean`` (Q,) and ``covariance`` (Q, Q).

    Raises
    ------
    InputError
        for dependent neurons, a mean or an amplitude law that keeps the limit from being one centred Gaussian, values
        or noise of the wrong shape, a theory that has data, a source or an action already, or more than 5000 values
        where the kernel has no Markov property.
    NoClosedForm
        where the card has no closed two-point function.

    Examples
    --------
    With K = exp(-r)/2 and noise^2 = 1/2, one value y = 1 is believed by half, and at r = log 2 by a quarter.

    >>> found = nq.limit_posterior(nq.load("cauchy"), [[0.0]], [1.0], 0.5**0.5, [[0.0], [np.log(2.0)]])
    >>> found.mean.round(6), found.covariance.diagonal().round(6)
    (array([0.5 , 0.25]), array([0.25  , 0.4375]))
    """
    net = unconditioned(net, "limit_posterior", INSTEAD)
    check_limit(net)
    x, z = check_points(points, net.dim), check_points(at, net.dim)
    y, scale = check_values(values, (len(x),)), np.broadcast_to(check_noise(noise, len(x)), len(x))
    if (markov := _markov(net, np.concatenate([x, z]), len(x), MOST)) is not None:
        if len(x) * len(z) > MOST_CROSS:
            rule = f"values times points asked for must be at most {MOST_CROSS}"
            raise InputError(f"{type(net).__name__}: {rule} in limit_posterior, got {len(x)} x {len(z)}")
        return Normal(*markov_posterior(markov, x[:, 0], y, scale, z[:, 0]))
    factor = cho_factor(kernel_matrix(net, x, x) + np.diag(scale**2), lower=True)
    cross = kernel_matrix(net, x, z)
    mean = cross.T @ cho_solve(factor, y)
    return Normal(mean, kernel_matrix(net, z, z) - cross.T @ cho_solve(factor, cross))


def _markov(net: Architecture, points: Array, values: int, most: int) -> MarkovKernel | None:
    """The Markov kernel of the theory at these points where that is quicker for this number of values; else None.

    `InputError` where there are more than `most` values, and no such kernel.
    """
    kernel = markov_kernel(net, points) if values > FEW else None
    if kernel is None and values > most:
        raise InputError(
            f"{type(net).__name__}: its limit takes at most {most} values, as its kernel at these points is none of "
            f"Matern's of smoothness 1/2, 3/2 or 5/2 on a line, got {values}"
        )
    return kernel


def likeliest_noise(net: Architecture, points: ArrayLike, values: ArrayLike) -> float:
    """The standard deviation s of the noise that makes values (P,), or (P, D), likeliest at infinite width.

    With the eigenvalues l_k of the kernel matrix and the components c_k of y along its eigenvectors, the log evidence
    is -(1/2) sum_k [c_k^2/(l_k + s^2) + log(l_k + s^2)] up to a constant (Rasmussen and Williams, (2.30)), and a sum of
    these for independent components of the field. s is found between 1e-3 and 10 of the size of the values. Beyond 1000
    values, Markov kernels on the line need no eigenvalues, and others are taken up to 2000 values.

    Raises
    ------
    InputError
        as `limit_posterior` does.
    """
    check_limit(net)
    x = check_points(points, net.dim)
    y = np.reshape(np.asarray(values, dtype=float), (len(x), -1))
    size = float(np.sqrt(np.mean(y**2))) or 1.0
    markov = _markov(net, x, len(x), MOST_EIGENVALUES)
    if markov is not None:
        order = np.argsort(x[:, 0], kind="stable")
        at, columns = x[order, 0], y[order]

        def minus_log_evidence(log_s: float) -> float:
            return -markov_log_evidence(markov, at, columns, math.exp(log_s))
    else:
        eigenvalues, vectors = eigh(kernel_matrix(net, x, x))
        along = (vectors.T @ y).T

        def minus_log_evidence(log_s: float) -> float:
            total = np.maximum(eigenvalues, 0.0) + np.exp(2.0 * log_s)
            return 0.5 * float(np.sum(along**2 / total + np.log(total)))

    looks = np.linspace(math.log(NOISES[0] * size), math.log(NOISES[1] * size), 60)
    best = min(looks, key=minus_log_evidence)
    step = looks[1] - looks[0]
    found: Any = minimize_scalar(
        minus_log_evidence, bounds=(max(best - step, looks[0]), min(best + step, looks[-1])), method="bounded"
    )
    return math.exp(found.x)


def check_limit(net: Architecture) -> None:
    """`InputError` where N -> infinity does not make one centred Gaussian process of the theory."""
    if not independent_pairs(net) or len(net.amplitude_groups()) > 1 or not net.amplitude_law.even:
        name = type(net).__name__
        raise InputError(f"{name}: its infinite-width limit is no centred Gaussian process; use it at its own width")


def first_order(net: Model, points: ArrayLike, values: ArrayLike, noise: ArrayLike, at: ArrayLike) -> FiniteWidth:
    """The coefficients of 1/N of the posterior mean and variance at each point of `at`, (Q,): errors are zero.

    f_N = f + (1/2N) [(Z f)'' : C - f Z'' : C] / Z to first order, where the kernel matrix of N neurons has the
    covariance C/N and Z is the likelihood of the data. Exact from H_2 and H_4 of one neuron; needs Gaussian amplitudes
    of mean zero and independent neurons.

    Parameters
    ----------
    net
        The theory before its data, which are arguments; its width does not matter.
    points, values
        Shapes (P, d) and (P,).
    noise
        Standard deviation of the noise: one of all values, or one for each, (P,).
    at
        Shape (Q, d): where the field is wanted.

    Returns
    -------
    A named tuple of arrays (Q,): ``mean`` and ``variance``, the coefficients; ``mean_error`` and ``variance_error`` are
    zero.

    Raises
    ------
    InputError
        for dependent neurons, amplitudes that are not Gaussian or have a mean, points, values or noise of the wrong
        shape, or a theory that has data, a source or an action already.
    NoClosedForm
        where the card has no closed neuron moments.

    Examples
    --------
    Cos-net at one point: K = 1/2, C = H_iiii - H_ii^2 = 1/8. With y = 1 and noise^2 = s = 1/2 the mean f = K/(K + s)
    has the coefficient (C/2) f'' = -(C/2) 2 s/(K + s)^3 = -1/16, as Z' = 0 there.

    >>> found = nq.first_order(nq.load("cos_net"), [[0.0]], [1.0], 0.5**0.5, [[0.0]])
    >>> found.mean.round(6)
    array([-0.0625])
    """
    net = unconditioned(net, "first_order", INSTEAD)
    check_limit(net)
    gaussian_amplitudes(net)
    x, z = check_points(points, net.dim), check_points(at, net.dim)
    y, scale = check_values(values, (len(x),)), net.amplitude_moment(2)
    deviations = jnp.broadcast_to(check_noise(noise, len(x)), len(x))

    def moments(matrix: jax.Array) -> jax.Array:
        """Z, Z m, Z (v + m^2) for a kernel matrix of the data and the target."""
        inside, cross = matrix[:-1, :-1] + jnp.diag(deviations**2), matrix[:-1, -1]
        lower = jnp.linalg.cholesky(0.5 * (inside + inside.T))
        half_y = jax.scipy.linalg.solve_triangular(lower, y, lower=True)
        half_k = jax.scipy.linalg.solve_triangular(lower, cross, lower=True)
        log_z = -0.5 * half_y @ half_y - jnp.sum(jnp.log(jnp.diag(lower)))
        mean, variance = half_k @ half_y, matrix[-1, -1] - half_k @ half_k
        return jnp.exp(log_z) * jnp.stack([jnp.ones(()), mean, variance + mean**2])

    curved = jax.jit(lambda matrix: (moments(matrix), jax.hessian(moments)(matrix)))
    means, variances = [], []
    for target in z:
        every = np.concatenate([x, target[None]])
        n = len(every)
        kernel = scale * net.neuron_moment(np.stack(np.broadcast_arrays(every[:, None], every[None]), axis=2))
        i, j, k, l = np.indices((n, n, n, n)).reshape(4, -1)
        four = scale**2 * net.neuron_moment(np.stack([every[i], every[j], every[k], every[l]], axis=1))
        covariance = (four - kernel[i, j] * kernel[k, l]).reshape(n, n, n, n)

        zero, hessian = (np.asarray(value) for value in curved(kernel))
        second = np.einsum("fijkl,ijkl->f", hessian, covariance)
        ratios = zero / zero[0]
        slope = 0.5 * (second - ratios * second[0]) / zero[0]
        means.append(slope[1])
        variances.append(slope[2] - 2.0 * ratios[1] * slope[1])
    nothing = np.zeros(len(z))
    return FiniteWidth(np.array(means), np.array(variances), nothing, nothing)


def reweighted(
    net: Architecture, points: ArrayLike, values: ArrayLike, noise: float, at: ArrayLike, *, draws: int, seed: int
) -> FiniteWidth:
    """The posterior at width N by prior networks weighted with the evidence Z(K_theta): independent draws, no chain.

    Good for few data, where the weights stay even; errors are those of a ratio of means.
    """
    gaussian_amplitudes(net)
    x, z = check_points(points, net.dim), check_points(at, net.dim)
    every, double = np.concatenate([x, z]), bool(jax.config.read("jax_enable_x64"))
    batch = max(1, min(draws, 2**20 // (net.width * len(every))))
    whole = -(-draws // batch) * batch
    evidence = over_networks(
        net, _evidence, every, values, noise, draws=whole, seed=seed, points=every, batch=batch, double=double
    )
    log_z, mean, variance = evidence
    weight = np.exp(log_z - log_z.max())
    weight /= weight.sum()
    first = weight @ mean
    second = weight @ (variance + (mean - first) ** 2)
    errors = [
        np.sqrt(np.sum((weight[:, None] * (value - centre)) ** 2, axis=0))
        for value, centre in ((mean, first), (variance + (mean - first) ** 2, second))
    ]
    return FiniteWidth(first, second, *errors)


def _evidence(
    net: Architecture, theta: dict[str, jax.Array], every: jax.Array, y: jax.Array, noise: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """log Z(K_theta) of the data, and mean and variance at the other points, of one network."""
    p, h = len(y), net.neurons(theta, every)
    matrix = net.amplitude_moment(2) / net.width * h.T @ h
    lower = jnp.linalg.cholesky(matrix[:p, :p] + noise**2 * jnp.eye(p))
    half_y = jax.scipy.linalg.solve_triangular(lower, y, lower=True)
    half_k = jax.scipy.linalg.solve_triangular(lower, matrix[:p, p:], lower=True)
    log_z = -0.5 * half_y @ half_y - jnp.sum(jnp.log(jnp.diag(lower)))
    return log_z, half_k.T @ half_y, jnp.diag(matrix)[p:] - jnp.sum(half_k**2, axis=0)
