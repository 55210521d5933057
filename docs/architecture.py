"""The picture of the packages and their imports, `docs/architecture.svg`: run this file to make it anew.

Floors are drawn from the ground up. Dark arrows are the imports that no chain of others implies; faint ones the rest.
"""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = Path(__file__).with_suffix(".svg")

#: Declare, draw, compute, read: a package imports only what stands below it; those side by side do not know each other
FLOORS = (
    ("runtime",),
    ("laws",),
    ("theory",),
    ("models",),
    ("text",),
    ("sampling",),
    ("correlation", "inference", "catalogue"),
    ("classical", "axioms", "interacting"),
    ("reports", "checks"),
    ("sweeps",),
    ("studies", "atlas"),
    ("cli",),
)

WORDS = {
    "runtime": "errors, arrays, files, JAX",
    "laws": "distributions, spectra",
    "theory": "what a theory is",
    "models": "the door to models/",
    "text": "theories as TOML, JSON",
    "sampling": "networks, chains",
    "correlation": "n-point functions",
    "inference": "theories given data",
    "catalogue": "the list of cards",
    "classical": "maxima of P(θ)",
    "axioms": "is it quantum?",
    "interacting": "actions, energies",
    "reports": "tables, pictures",
    "checks": "cards against draws",
    "sweeps": "grids of theories",
    "studies": "the door to analysis/",
    "atlas": "a page for every theory",
    "cli": "the command line",
}

WIDTH, HEIGHT, COLUMN, ROW, MARGIN = 176, 44, 216, 74, 24
WIDTH_OF_ALL = MARGIN * 2 + COLUMN * max(map(len, FLOORS))


def imports(file: Path) -> set[str]:
    """Everything that a file imports, as dotted names."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def arrows(package: Path = ROOT / "nnqft_ppl") -> Counter[tuple[str, str]]:
    """How many files of one room import another, for every pair of rooms."""
    rooms = {room for floor in FLOORS for room in floor}
    found: Counter[tuple[str, str]] = Counter()
    for file in sorted(package.rglob("*.py")):
        own = file.relative_to(package).parts[0].removesuffix(".py")
        targets = {target.split(".")[1] for target in imports(file) if target.startswith("nnqft_ppl.")}
        found.update((own, target) for target in targets & rooms - {own} if own in rooms)
    return found


def implied(pair: tuple[str, str], pairs: set[tuple[str, str]]) -> bool:
    """Does a longer chain of imports lead from one room to the other?"""
    start, goal = pair
    seen: set[str] = set()
    waiting = [second for first, second in pairs if first == start and second != goal]
    while waiting:
        room = waiting.pop()
        if room == goal:
            return True
        if room not in seen:
            seen.add(room)
            waiting += [second for first, second in pairs if first == room]
    return False


def place(room: str) -> tuple[float, float]:
    """The middle of a room's box."""
    level = next(k for k, floor in enumerate(FLOORS) if room in floor)
    floor, wide = FLOORS[level], max(map(len, FLOORS))
    x = MARGIN + COLUMN * (wide - len(floor)) / 2 + COLUMN * floor.index(room) + COLUMN / 2
    return x, MARGIN + ROW * (len(FLOORS) - 1 - level) + HEIGHT / 2


def curve(start: str, goal: str) -> str:
    """The path of an arrow: straight where no box is in the way, and around the sides of those that are."""
    (x, y), (u, v) = place(start), place(goal)
    between = [place(room) for room in WORDS if y < place(room)[1] < v]
    if x == u and any(abs(a - x) < WIDTH / 2 for a, _ in between):
        side = x + WIDTH / 2
        return f"M{side:g} {y:g}Q{side + 0.3 * (v - y):g} {(y + v) / 2:g} {side:g} {v:g}"
    if x == u or v - y <= ROW:
        return f"M{x:g} {y + HEIGHT / 2:g}L{u:g} {v - HEIGHT / 2:g}"
    middle, aside = WIDTH / 2 if u > x else -WIDTH / 2, abs(x - WIDTH_OF_ALL / 2) < abs(u - WIDTH_OF_ALL / 2)
    if aside:  # from the middle outwards
        return f"M{x + middle:g} {y:g}Q{u:g} {y:g} {u:g} {v - HEIGHT / 2:g}"
    return f"M{x:g} {y + HEIGHT / 2:g}Q{x:g} {v:g} {u - middle:g} {v:g}"


def svg() -> str:
    """The picture as text."""
    found = arrows()
    pairs = set(found)
    size = WIDTH_OF_ALL, MARGIN * 2 + ROW * (len(FLOORS) - 1) + HEIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" font-family="sans-serif">',
        "<title>The packages of nnqft_ppl and what they import</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#334"/></marker></defs>',
        f'<rect width="{size[0]}" height="{size[1]}" fill="white"/>',
    ]
    for pair in sorted(pairs, key=lambda pair: (not implied(pair, pairs), pair)):  # faint ones below
        faint = implied(pair, pairs)
        look = (
            'stroke="#c8ccd8" stroke-width="1"' if faint else 'stroke="#334" stroke-width="1.6" marker-end="url(#tip)"'
        )
        lines.append(f'<path d="{curve(*pair)}" fill="none" {look}/>')
    for room, words in WORDS.items():
        x, y = place(room)
        box = f'x="{x - WIDTH / 2:g}" y="{y - HEIGHT / 2:g}" width="{WIDTH}" height="{HEIGHT}" rx="6"'
        lines.append(f'<rect {box} fill="#eef2fb" stroke="#334"/>')
        lines.append(
            f'<text x="{x:g}" y="{y - 3:g}" text-anchor="middle" font-size="14" font-weight="bold">{room}</text>'
        )
        lines.append(f'<text x="{x:g}" y="{y + 14:g}" text-anchor="middle" font-size="11.5">{words}</text>')
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(svg(), encoding="utf-8")
