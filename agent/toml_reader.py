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
        self._asked: set[str] = set()
        self._parts: dict[str, TomlReader] = {}
        self._lists: list[TomlReader] = []
        self.problems: dict[str, str] = {} if problems is None else problems

    def take(self, key: str, kind: type, default: Any = _MISSING) -> Any:
        self._asked.add(key)
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
        self._asked |= {key, f"{key}_file"}
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
        self._asked.add(key)
        table = self._table.get(key)
        if not isinstance(table, dict):
            self.wrong(key, f"is missing: a table [{key}]")
            table = {}
        if key not in self._parts:
            self._parts[key] = TomlReader(table, self._base, f"{self._where}{key}.", self.problems)
        return self._parts[key]

    def parts(self, key: str, at_most: int) -> list["TomlReader"]:
        self._asked.add(key)
        tables = self._table.get(key)
        if not isinstance(tables, list) or not 1 <= len(tables) <= at_most:
            self.wrong(key, f"one to {at_most} tables [[{key}]] are needed")
            return []
        if not all(isinstance(table, dict) for table in tables):
            self.wrong(key, f"should be tables [[{key}]]")
            return []
        parts = [TomlReader(table, self._base, f"{key} {n}, ", self.problems) for n, table in enumerate(tables, 1)]
        self._lists += parts
        return parts

    def has(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._table

    def is_list(self, key: str) -> bool:
        return isinstance(self._table.get(key), list)

    def check(self, key: str, value: Any, fits: Callable[[Any], bool], rule: str) -> None:
        if not fits(value):
            self.wrong(key, rule)

    def refuse_the_rest(self) -> None:
        """What stands there and nobody has asked for, here and in every part: a slip of the finger that would do nothing."""
        for key in self._table.keys() - self._asked:
            self.wrong(key, "is no setting")
        for part in (*self._parts.values(), *self._lists):
            part.refuse_the_rest()

    def wrong(self, key: str, what: str) -> None:
        self.problems.setdefault(f"{self._where}{key}", what)  # what is missing is not also misspelt
