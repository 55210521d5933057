"""Correlators by the sum over all assignments of neurons to points, which is all that a field of neurons says."""

import itertools

import numpy as np


def brute_force(net, x, y=None, components=None):
    """E[phi(x_1)..phi(x_n) h_0(y_1)..h_0(y_k)] by summing over all N^n assignments of neurons to points."""
    n, total = len(x), 0.0
    y = np.empty((0, net.dim)) if y is None else y
    components = (0,) * n if components is None else components
    moment = [group.moment for group in net.amplitude_groups() for _ in range(group.neurons)]
    for index in itertools.product(range(net.neuron_count), repeat=n):
        term, blocks = 1.0, {}
        for k, i in enumerate(index):
            blocks.setdefault(i, []).append(x[k])
        for i in blocks:
            term *= moment[i](tuple(c for c, j in zip(components, index, strict=True) if j == i))
        if len(y):
            blocks[0] = [*blocks.get(0, []), *y]
        if term:
            total += term * float(net.joint_neuron_moment([np.array(p) for p in blocks.values()]))
    return total * net.width ** (-n / 2)


def cumulant(net, x, components=None):
    """The joint cumulant from brute-force moments, by the recursion over the block of the first point."""
    components = (0,) * len(x) if components is None else components

    def moment(subset):
        return brute_force(net, x[list(subset)], components=tuple(components[k] for k in subset)) if subset else 1.0

    def kappa(subset):
        first, *rest = subset
        value = moment(subset)
        for r in range(len(rest)):
            for others in itertools.combinations(rest, r):
                block = (first, *others)
                value -= kappa(block) * moment(tuple(k for k in subset if k not in block))
        return value

    return kappa(tuple(range(len(x))))
