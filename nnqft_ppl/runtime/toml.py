"""TOML and JSON: a dictionary of numbers, texts, arrays and tables as text and back; the readers are Python's own."""

import json
import math
import re
import tomllib
from typing import Any

from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import one_line


def written_toml(content: dict[str, Any]) -> str:
    """A dictionary as TOML: entries, then a section for each table and each list of tables; inner tables are inline."""
    lines = [f"{_key(key)} = {_value(value)}" for key, value in content.items() if not _is_section(value)]
    for key, value in content.items():
        if _is_section(value):
            head = f"[{_key(key)}]" if isinstance(value, dict) else f"[[{_key(key)}]]"
            for table in [value] if isinstance(value, dict) else value:
                lines += ["", head, *(f"{_key(k)} = {_value(v)}" for k, v in table.items())]
    return "\n".join(lines).lstrip("\n") + "\n"


def read_toml(text: str, what: str = "theory text") -> dict[str, Any]:
    """A dictionary from TOML; `InputError` with the line and column of what is none."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} must be TOML: {one_line(error)}") from error


def written_json(content: dict[str, Any]) -> str:
    """A dictionary as JSON, in which infinity is the text ``"inf"``."""
    return json.dumps(_without_infinity(content), ensure_ascii=False, allow_nan=False)


def read_json(text: str) -> dict[str, Any]:
    """A dictionary from JSON; `InputError` for what is none, or a key that is there twice."""
    try:
        content = json.loads(text, object_pairs_hook=_once)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"theory text must be JSON: {one_line(error)}") from error
    if not isinstance(content, dict):
        raise InputError(f"theory text must be a JSON object, got {content!r:.80}")
    return content


def _is_section(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        if value and isinstance(value[0], list):  # a row a line
            return "[\n" + "".join(f"    {_value(row)},\n" for row in value) + "]"
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)  # the shortest text that reads back as the same number


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _without_infinity(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_infinity(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_infinity(v) for v in value]
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InputError(f"theory text must have every key once, got {key!r} twice")
        found[key] = value
    return found
