"""What goes wrong: requests that cannot honestly be met, and exceptions in code of the user's own, in one line."""

import inspect
import os
import traceback
from collections.abc import Collection
from types import CodeType
from typing import Any


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


# -- exceptions in code of the user's own: where in it, what kind, and what they say -----------------------------------

#: What code of the user's own may raise, but for an interruption.
ANY = (Exception, SystemExit)

LONGEST = 240  # characters of a message: those of JAX fill a screen


def told(error: BaseException, files: Collection[str], otherwise: str) -> str:
    """``MyNet.neuron (my_card.py:31): TypeError: ...``: the innermost line of `files` on the way to the error.

    `otherwise` is the place to name if no line of them is, as where a library uses what they declare.
    """
    own = [(f.f_code, line) for f, line in traceback.walk_tb(error.__traceback__) if f.f_code.co_filename in files]
    return f"{_place(*own[-1]) if own else otherwise}: {said(error)}"


def line_in(error: BaseException, file: str) -> int | None:
    """The innermost line of a file on the way to an error; None where the file has none."""
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return lines[-1] if lines else None


def said(error: BaseException) -> str:
    """``TypeError: ...`` in one line, without the paragraphs in which JAX explains itself."""
    words = " ".join(str(error).strip().split("\n\n")[0].split())
    words = words if len(words) <= LONGEST else f"{words[:LONGEST]}..."
    return f"{type(error).__name__}: {words}".removesuffix(": ")


def definition(cls: type, method: str) -> str:
    """``MyNet.prior (my_card.py:24)``: where a class defines a method, or the class where it inherits or lacks it."""
    member: Any = inspect.unwrap(vars(cls).get(method) or object)
    code = getattr(getattr(member, "fget", member), "__code__", None)
    if isinstance(code, CodeType):
        return _place(code, code.co_firstlineno)
    try:
        return f"{cls.__name__} ({_short(inspect.getfile(cls))}:{inspect.getsourcelines(cls)[1]})"
    except (OSError, TypeError):  # a class that was made without a file
        return cls.__name__


def _place(code: CodeType, line: int) -> str:
    name = code.co_qualname.replace(".<locals>", "").replace(".<lambda>", "")
    return f"{name} ({_short(code.co_filename)}:{line})"


def _short(file: str) -> str:
    """A path from where the user is, if the file is below."""
    here = os.path.join(os.getcwd(), "")
    return file.removeprefix(here)
