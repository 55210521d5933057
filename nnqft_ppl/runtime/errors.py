"""What goes wrong when the program is asked for something it cannot honestly do."""


class InputError(ValueError):
    """A request that breaks a rule; the message names the field, the rule and the value in one line.

    A `ValueError`. A card raises it where its hyperparameters do not go together.

    Parameters
    ----------
    message
        One line, as in the example.

    Examples
    --------
    >>> nq.load("cos_net", sigma_b=-1.0)
    Traceback (most recent call last):
    ...
    nnqft_ppl.runtime.errors.InputError: CosNet: sigma_b must be positive and finite, got -1.0
    """


class NoClosedForm(InputError):
    """A card was asked for an exact result that it does not have; an estimator has to take over.

    The base classes raise it for what a card does not give, and a card in a closed form that holds for some of its
    hyperparameters only.

    Parameters
    ----------
    message
        What is missing, and for what; which estimators remain.

    Examples
    --------
    >>> net = nq.load("deep_net", activation="tanh")
    >>> nq.exact_correlator(net, [[0.0], [1.0]])
    Traceback (most recent call last):
    ...
    nnqft_ppl.runtime.errors.NoClosedForm: DeepNet has closed forms for activation = cos, ...
    """
