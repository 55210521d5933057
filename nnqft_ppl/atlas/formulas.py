"""Formulas of docstrings as MathML, which browsers show by themselves: ``sum_i a_i cos(b_i.x + c_i)``.

Cards write their mathematics as one reads it aloud, with words between. A formula becomes pieces of MathML, broken at
words and commas so that a narrow page can wrap them; a text whose brackets do not match stays as it is.
"""

import re
from html import escape
from typing import NamedTuple

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "eps": "ε", "epsilon": "ε", "theta": "θ", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sg": "ς", "sigma": "σ", "tau": "τ", "phi": "φ",
    "omega": "ω", "inf": "∞", "Gamma": "Γ", "Delta": "Δ", "Lambda": "Λ", "Omega": "Ω",
}  # fmt: skip
LARGE = {"sum": "∑", "prod": "∏", "int": "∫"}
FUNCTIONS = {"cos", "sin", "tanh", "sech", "exp", "log", "max", "min", "erf", "det", "sqrt"}
#: Unscaled amplitudes.
HATS = {"ahat": "a"}
SIGNS = {"~": "∼", "<=": "≤", ">=": "≥", "..": "…", "...": "…", "!=": "≠", "-": "−", "*": "⋅", "->": "→", "+-": "±"}
#: Signs after a space before which a line may end.
BREAKS = {"=", "~", "+", "/", "<", "<=", ">=", "["}
CLOSING = {"(": ")", "[": "]", "{": "}"}
TOKEN = re.compile(r"\s+|\d+(?:\.\d+)?|[A-Za-z]{2,}(?:-[A-Za-z]{2,})+|[A-Za-z]+|<=|>=|!=|->|\+-|\.\.\.?|.", re.DOTALL)
SUBSCRIPT = re.compile(r"-?[A-Za-z0-9]+")


class Unreadable(ValueError):
    """A formula whose brackets do not match."""


class Piece(NamedTuple):
    """A part of a formula: MathML, or words."""

    text: str
    is_math: bool


def mathml(text: str) -> str:
    """A line of words and formulas as HTML: every formula a ``<math>`` of its own, read aloud as it was written."""
    try:
        pieces = _Reader(text.replace("`", "")).pieces()
    except Unreadable:
        return f"<span>{escape(text)}</span>"
    shown = [f"<math><mrow>{one.text}</mrow></math>" if one.is_math else escape(one.text) for one in pieces]
    return "".join(shown)


def split_formula(docstring: str) -> tuple[str, str]:
    """The formula that a card's docstring begins with, and what it says of its source after the colon."""
    formula, _, source = docstring.rstrip(". ").partition(": ")
    return formula, source


class _Reader:
    """Goes through the tokens of one line."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = TOKEN.findall(text)
        self.at = 0

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next
        self.at += 1
        return token

    def pieces(self) -> list[Piece]:
        found: list[Piece] = []
        while self.next:
            if self.next.isspace() or self._is_word() or self._stops():
                found.append(Piece(self.take(), False))
                continue
            row = []
            while self.next and not (self._is_word() or self._stops()):
                if self.next.isspace() and (self._word_follows() or self._may_break()):
                    break
                row.append(self._term())
            found.append(Piece("".join(row), True))
        return found

    # -- words ---------------------------------------------------------------------------------------------------

    def _is_word(self, ahead: int = 0) -> bool:
        """Is the token English? ``a`` is, before another word."""
        place = self.at + ahead
        token = self.tokens[place] if place < len(self.tokens) else ""
        after = self.tokens[place + 1] if place + 1 < len(self.tokens) else ""
        if token == "a" and after.isspace():
            return self._is_word(ahead + 2)
        if not re.match(r"[A-Za-z]{2}", token) or {token} & (GREEK.keys() | LARGE.keys() | FUNCTIONS | HATS.keys()):
            return False
        return after not in ("_", "^", "(") and not (token.isupper() and len(token) < 4)

    def _word_follows(self) -> bool:
        after = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else ""
        return not after or after in ",;:" or self._is_word(1)

    def _may_break(self) -> bool:
        """Is the sign after the space one before which a line may end?"""
        return self.at + 1 < len(self.tokens) and self.tokens[self.at + 1] in BREAKS

    def _stops(self) -> bool:
        """Does a sentence or a part of it end here?"""
        after = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else " "
        return self.next in ",;:" or (self.next == "." and after.isspace())

    # -- formulas ------------------------------------------------------------------------------------------------

    def _term(self) -> str:
        """An atom with its subscript and superscript."""
        large = self.next in LARGE
        base = self._atom()
        scripts = {"_": "", "^": ""}
        while self.next in scripts and not scripts[self.next]:
            mark = self.next
            scripts[mark] = self._script()
        below, above = scripts["_"], scripts["^"]
        if large and below:
            return f"<munder>{base}{below}</munder>" if not above else f"<munderover>{base}{below}{above}</munderover>"
        if below and above:
            return f"<msubsup>{base}{below}{above}</msubsup>"
        return f"<msub>{base}{below}</msub>" if below else f"<msup>{base}{above}</msup>" if above else base

    def _script(self) -> str:
        self.take()
        if self.next in CLOSING:
            return f"<mrow>{self._bracket(shown=False)}</mrow>"
        sign = f"<mo>{SIGNS['-']}</mo>" if self.next == "-" and self.take() else ""
        token = self.take()
        while token and self.next and re.fullmatch(r"[a-z]\d|\d[a-z]", token[-1] + self.next[0]):
            token += self.take()  # a_k0
        names = token if token in GREEK else re.findall(r"[A-Za-z]|\d+|.", token)
        return f"<mrow>{sign}{_name(names) if isinstance(names, str) else ''.join(map(_name, names))}</mrow>"

    def _atom(self) -> str:
        token = self.next
        if token in CLOSING:
            return f"<mrow>{self._bracket(shown=True)}</mrow>"
        if token in CLOSING.values():
            raise Unreadable(token)
        self.take()
        if token == "sqrt" and self.next in CLOSING:
            return f"<msqrt>{self._bracket(shown=False)}</msqrt>"
        if token.isspace():
            return "<mspace width='0.17em'/>"
        if token == "." and self.next and not self.next.isspace():
            return "<mo>⋅</mo>"
        return _name(token)

    def _bracket(self, *, shown: bool) -> str:
        opening = self.take()
        inside = []
        while self.next != CLOSING[opening]:
            if not self.next:
                raise Unreadable(opening)
            if self._is_word():
                inside.append(f"<mtext>{escape(self.take())}\N{NO-BREAK SPACE}</mtext>")
            else:
                inside.append(self._term())
        closing = self.take()
        row = "".join(inside)
        return f"<mo>{opening}</mo>{row}<mo>{closing}</mo>" if shown else row


def _name(token: str) -> str:
    """One name, number or sign."""
    if token[0].isdigit():
        return f"<mn>{token}</mn>"
    if token in LARGE:
        return f"<mo>{LARGE[token]}</mo>"
    if token in HATS:
        return f"<mover><mi>{HATS[token]}</mi><mo>^</mo></mover>"
    if token[0].isalpha():
        return f"<mi>{GREEK.get(token, token)}</mi>"
    return f"<mo>{escape(SIGNS.get(token, token))}</mo>"
