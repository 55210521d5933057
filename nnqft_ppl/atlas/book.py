"""The atlas as a folder: a front page, a page for every theory, and their tables as CSV."""

import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import pandas as pd

from nnqft_ppl import models
from nnqft_ppl.atlas.facts import DRAWS, facts
from nnqft_ppl.atlas.pages import STATIC, TEMPLATES, Summary, front_page, summary, theory_page
from nnqft_ppl.atlas.tables import write_csv
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import write_atomically, writing
from nnqft_ppl.runtime.progress import progress_bar, say
from nnqft_ppl.runtime.seeds import check_seed
from nnqft_ppl.sweeps.engine import done
from nnqft_ppl.sweeps.where import Where

LEAST_DRAWS = 1000


class _Order(NamedTuple):
    """A page that is to be made."""

    name: str
    file: str  #: of the card: another process may not know it
    before: str
    after: str


def write_atlas(
    folder: str | Path,
    cards: Sequence[str] | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    jobs: int = 1,
    progress: bool = False,
) -> Path:
    """Write the atlas of theories: a front page, and a page for each card, that need neither a server nor a network.

    Every page has the theory's formula, its hyperparameters, draws of its field, G2(0, r) and G(p) with Monte Carlo
    points on top, G4c (7) against the width N, the verdicts on the axioms (12)-(20), the classical configurations (35),
    and sliders that move exact curves. What a card has no closed form for is a sentence that says so. Theories are at
    their defaults, and at N = 10 where the width is free.

    Parameters
    ----------
    folder
        Where to write ``index.html``; it is made where it is not there, and pages of the same names are replaced.
    cards
        Names of cards, all of `names` by default.
    draws
        Of every Monte Carlo estimate, and of tests that have no closed form to go by.
    seed
        Of all draws.
    jobs
        Cards at a time, each in a process of its own if there are several; a script that asks for several has
        ``if __name__ == "__main__":`` around what it does.
    progress
        Show a bar on standard error, if that is a terminal.

    Returns
    -------
    The path of the front page.

    Raises
    ------
    InputError
        for an unknown card, or a folder that cannot be written. A card that cannot be loaded is a line on the front
        page.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as place:
    ...     page = nq.write_atlas(place, ["line"], draws=1000)
    ...     words = page.with_name("line.html").read_text(encoding="utf-8")
    >>> "The ensemble of lines" in words, page.name
    (True, 'index.html')
    """
    if draws < LEAST_DRAWS:
        raise InputError(f"draws must be at least {LEAST_DRAWS}, got {draws}")
    if jobs < 1:
        raise InputError(f"jobs must be at least 1, got {jobs}")
    if jobs > 1 and not jax.config.read("jax_enable_x64"):
        raise InputError(f"jobs must be 1 in single precision, got {jobs}; call enable_x64() first")
    check_seed(seed)
    chosen = list(models.names() if cards is None else dict.fromkeys(cards))
    if not chosen:
        raise InputError("cards must name at least one, got none")
    orders = [
        _Order(name, str(models.source(name)), chosen[k - 1], chosen[(k + 1) % len(chosen)])
        for k, name in enumerate(chosen)
    ]
    place = _made(Path(folder))
    make = partial(_page, folder=place, draws=draws, seed=seed)
    found: dict[str, Summary | str] = {}
    with writing(place), progress_bar("atlas", len(orders), progress, unit="theories") as advance:
        for file in STATIC:
            write_atomically(place / file, lambda target, file=file: shutil.copyfile(TEMPLATES / file, target))
        for name, one in _each(make, orders, min(jobs, len(orders))):
            found[name] = one
            advance(1)
            if progress:
                say(f"[{len(found)}/{len(orders)}] {name}")
        ordered = [(name, found[name]) for name in chosen]
        theories = [one for _, one in ordered if isinstance(one, Summary)]
        failures = [(name, one) for name, one in ordered if isinstance(one, str)]
        _write(place / "tables" / "catalogue.csv", _catalogue(theories).to_csv(index=False))
        _write(place / "index.html", front_page(theories, failures))
    return place / "index.html"


def _made(folder: Path) -> Path:
    try:
        (folder / "tables").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"output folder {str(folder)!r} cannot be made: {error.strerror}") from error
    return folder


def _each(make: Any, orders: list[_Order], jobs: int) -> Iterator[tuple[str, Summary | str]]:
    """Pages as they are made, here or in processes."""
    for _, found in done(make, orders, Where(jobs)):
        if isinstance(found, Exception):
            raise found
        yield found


def _page(order: _Order, folder: Path, draws: int, seed: int) -> tuple[str, Summary | str]:
    """Make and write one page; what the front page says of the theory, or why there is none."""
    if order.name not in models.names():
        models.add(order.file)
    try:
        known = facts(order.name, draws=draws, seed=seed)
    except InputError as error:
        return order.name, str(error)
    downloads = write_csv(known, folder / "tables")
    _write(folder / f"{order.name}.html", theory_page(known, downloads, order.before, order.after))
    return order.name, summary(known)


def _write(file: Path, text: str) -> None:
    write_atomically(file, lambda target: target.write_text(text, encoding="utf-8"))


def _catalogue(theories: list[Summary]) -> pd.DataFrame:
    kept = ("name", "title", "equations", "claims", "denies", "interaction", "here", "infinite")
    return pd.DataFrame([{key: getattr(one, key) for key in kept} for one in theories], columns=list(kept))
