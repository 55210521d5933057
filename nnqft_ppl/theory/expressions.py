"""Potentials V(phi) as text, ``0.1*phi^4 - 0.3*phi**2 + cos(phi)``: values that can be compared, written and read.

    sum     = ["+" | "-"] product {("+" | "-") product}
    product = power {("*" | "/") power}
    power   = atom [("^" | "**") ["+" | "-"] power]      binds more tightly than a sign before it: -phi^2 = -(phi^2)
    atom    = number | name | function "(" sum ")" | "(" sum ")"

Names are ``phi`` for a field of one component, ``phi1, phi2, ...`` for the components of one with several, ``square``
for their phi . phi, and ``pi``. A text becomes a program for a stack machine; Python's own evaluator never sees it.
"""

import difflib
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.runtime.errors import InputError

FUNCTIONS = ("abs", "cos", "cosh", "exp", "log", "log1p", "sin", "sinh", "sqrt", "tan", "tanh")
_TOKEN = re.compile(r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|[-+*/^()])")
_OPERATORS = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b}


class Token(NamedTuple):
    """A number, a name or a sign, and its position from 1."""

    kind: str
    text: str
    position: int


class Step(NamedTuple):
    """One step of the stack machine: push a number or a name, or apply a function, an operator, a power or ``neg``."""

    what: str
    argument: Any
    position: int


@dataclass(frozen=True)
class Expression:
    """A function of the field given by its text; equal and hashed by it, white space aside.

    Raises
    ------
    InputError
        ``action 'phi^': position 5: expected a number, a name or '(', got the end``.
    """

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", " ".join(self.text.split()))
        _program(self.text)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The program of the stack machine."""
        return _program(self.text)

    def check(self, components: int) -> None:
        """`InputError` for a name that a field of so many components does not have."""
        fields = ("phi",) if components == 1 else (*(f"phi{k + 1}" for k in range(components)), "square")
        for step in self.steps:
            if step.what == "name" and step.argument not in ("pi", "square", *fields):
                close = difflib.get_close_matches(step.argument, fields, n=1, cutoff=0.4)
                meant = f"; did you mean {close[0]!r}?" if close else ""
                raise _error(
                    self.text,
                    step.position,
                    f"name must be one of {', '.join(fields)}, pi, got {step.argument!r}{meant}",
                )

    def __call__(self, phi: Any) -> Any:
        """V at the field phi of shape (P,) or (P, D), of JAX or of NumPy; shape (P,)."""
        components = 1 if np.ndim(phi) == 1 else np.shape(phi)[1]
        self.check(components)
        np_ = jnp if isinstance(phi, jax.Array) else np
        stack: list[Any] = []
        for step in self.steps:
            try:
                if step.what in ("number", "name"):
                    value = step.argument if step.what == "number" else _value(step.argument, phi)
                elif step.what == "neg":
                    value = -stack.pop()
                elif step.what == "function":
                    value = getattr(np_, step.argument)(stack.pop())
                elif step.what == "power":  # of a number that is known: a whole one keeps gradients at zero
                    value = stack.pop() ** step.argument
                else:
                    right = stack.pop()
                    value = (
                        stack.pop() ** right if step.argument == "^" else _OPERATORS[step.argument](stack.pop(), right)
                    )
            except ArithmeticError as error:
                raise _error(self.text, step.position, f"cannot be computed: {error}") from error
            if isinstance(value, complex):
                raise _error(self.text, step.position, "the root of a negative number is not real")
            stack.append(value)
        return np_.broadcast_to(np_.asarray(stack.pop(), dtype=phi.dtype), phi.shape[:1])


def _value(name: str, phi: Any) -> Any:
    if name == "pi":
        return math.pi
    if name == "square":
        return phi**2 if phi.ndim == 1 else (phi**2).sum(axis=1)
    return phi if name == "phi" else phi[:, int(name[3:]) - 1]


@lru_cache
def _program(text: str) -> tuple[Step, ...]:
    """The steps that compute an expression."""
    parser = _Parser(text)
    try:
        parser.sum()
    except RecursionError:
        raise InputError(f"action must have fewer brackets inside each other, got {text[:40]!r}...") from None
    parser.expect(("",), "an operator or the end")
    return tuple(parser.steps)


class _Parser:
    """Recursive descent, one method for each line of the grammar."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.tokens = _tokens(text)
        self.steps: list[Step] = []

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, texts: tuple[str, ...], what: str) -> Token:
        if self.next.kind in ("number", "name") or self.next.text not in texts:
            got = repr(self.next.text) if self.next.text else "the end"
            raise _error(self.text, self.next.position, f"expected {what}, got {got}")
        return self.take()

    def sum(self) -> None:
        self.signed(self.product)
        while self.next.text in ("+", "-"):
            sign = self.take()
            self.product()
            self.steps.append(Step("operator", sign.text, sign.position))

    def product(self) -> None:
        self.power()
        while self.next.text in ("*", "/"):
            sign = self.take()
            self.power()
            self.steps.append(Step("operator", sign.text, sign.position))

    def power(self) -> None:
        self.atom()
        if self.next.text not in ("^", "**"):
            return
        sign, before = self.take(), len(self.steps)
        self.signed(self.power)
        exponent = self.steps[before:]
        if exponent[0].what == "number" and [step.what for step in exponent[1:]] in ([], ["neg"]):
            value = -exponent[0].argument if len(exponent) == 2 else exponent[0].argument
            whole = int(value) if value == int(value) else value
            self.steps[before:] = [Step("power", whole, sign.position)]
        else:
            self.steps.append(Step("operator", "^", sign.position))

    def signed(self, operand: Any) -> None:
        sign = self.take() if self.next.text in ("+", "-") else None
        operand()
        if sign is not None and sign.text == "-":
            self.steps.append(Step("neg", None, sign.position))

    def atom(self) -> None:
        token = self.next
        if token.kind == "number":
            self.take()
            value = float(token.text)
            if math.isinf(value):
                raise _error(self.text, token.position, f"number must be finite, got {token.text}")
            self.steps.append(Step("number", value, token.position))
        elif token.kind == "name" and self.tokens[self.at + 1].text == "(":
            self.take()
            if token.text not in FUNCTIONS:
                known = ", ".join(FUNCTIONS)
                raise _error(self.text, token.position, f"function must be one of {known}, got {token.text!r}")
            self.brackets()
            self.steps.append(Step("function", token.text, token.position))
        elif token.kind == "name":
            self.take()
            if not re.fullmatch(r"phi([1-9]\d{0,8})?|square|pi", token.text):
                words = "phi, phi1, phi2, ..., square, pi or a function with its brackets"
                raise _error(self.text, token.position, f"name must be one of {words}, got {token.text!r}")
            self.steps.append(Step("name", token.text, token.position))
        else:
            self.brackets()

    def brackets(self) -> None:
        self.expect(("(",), "a number, a name or '('")
        self.sum()
        self.expect((")",), "an operator or ')'")


def _tokens(text: str) -> list[Token]:
    tokens, at = [], 0
    while at < len(text):
        if text[at] == " ":
            at += 1
            continue
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise _error(text, at + 1, f"expected a number, a name or one of + - * / ^ ( ), got {text[at]!r}")
        tokens.append(Token(found.lastgroup, found.group(), at + 1))
        at = found.end()
    return [*tokens, Token("end", "", len(text) + 1)]


def _error(text: str, position: int, rule: str) -> InputError:
    return InputError(f"action {text!r}: position {position}: {rule}")
