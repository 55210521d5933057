"""The Python of the pages runs when the site is built, each page from top to bottom; a failure stops the build."""

import contextlib
import hashlib
import io
import re
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError
from sphinx.util import logging

import nnqft_ppl

BLOCK = re.compile(r"^```python\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
SOURCE = Path(nnqft_ppl.__file__).parent

logger = logging.getLogger(__name__)


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", run)
    return {"parallel_read_safe": True}


def run(app: Any) -> None:
    """Run what has changed, the page or the library, since it last ran without an error."""
    site, library = Path(app.srcdir), _digest(sorted(SOURCE.rglob("*.py")))
    for page in [site / "index.md", site / "first_hour.md", *sorted((site / "howto").glob("*.md"))]:
        blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
        done = Path(app.doctreedir) / "executed" / f"{page.stem}-{_digest([page])}-{library}"
        if not blocks or done.exists():
            continue
        logger.info("running %s", page.name)
        names: dict[str, Any] = {"__name__": page.stem}
        for block in blocks:
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(block, str(page), "exec", dont_inherit=True), names)
            except Exception as error:
                raise ExtensionError(f"{page.name}: {type(error).__name__}: {error} in\n{block}") from error
        done.parent.mkdir(parents=True, exist_ok=True)
        done.touch()


def _digest(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
