"""Takes settings out of a TOML table and collects everything that is wrong with them, instead of stopping at the first."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_MISSING = object()


class TomlReader:
    """One table. ``problems``: by the key's full name, what is wrong with it."""

    def __init__(
        self, table: Mapping[str, Any], base: Path, where: str = "", problems: dict[str, str] | None = None
    ) -> None:
        self._table = table
        self._base = base
        self._where = where
        self.problems: dict[str, str] = {} if problems is None else problems

    def take(self, key: str, kind: type, default: Any = _MISSING) -> Any:
        value = self._table.get(key, default)
        if value is _MISSING:
            self.wrong(key, f"is missing ({kind.__name__})")
        elif value is not default and type(value) is not kind:
            self.wrong(key, f"should be {kind.__name__}")
        else:
            return value
        return kind()

    def secret(self, key: str) -> str:
        """``key`` itself, or what stands in the file named by ``<key>_file``."""
        if f"{key}_file" not in self._table:
            return str(self.take(key, str))
        file = self.path(f"{key}_file")
        try:
            return file.read_text().strip()
        except OSError as error:
            self.wrong(f"{key}_file", str(error))
            return ""

    def path(self, key: str) -> Path:
        return self._base / str(self.take(key, str))

    def part(self, key: str) -> "TomlReader":
        table = self._table.get(key)
        if not isinstance(table, dict):
            self.wrong(key, f"is missing: a table [{key}]")
            table = {}
        return TomlReader(table, self._base, f"{key}.", self.problems)

    def parts(self, key: str, at_most: int) -> list["TomlReader"]:
        tables = self._table.get(key)
        if not isinstance(tables, list) or not 1 <= len(tables) <= at_most:
            self.wrong(key, f"one to {at_most} tables [[{key}]] are needed")
            return []
        return [TomlReader(table, self._base, f"{key} {n}, ", self.problems) for n, table in enumerate(tables, 1)]

    def has(self, key: str) -> bool:
        return key in self._table

    def is_list(self, key: str) -> bool:
        return isinstance(self._table.get(key), list)

    def check(self, key: str, value: Any, fits: Callable[[Any], bool], rule: str) -> None:
        if not fits(value):
            self.wrong(key, rule)

    def wrong(self, key: str, what: str) -> None:
        self.problems.setdefault(f"{self._where}{key}", what)  # what is missing is not also misspelt
