# SPDX-License-Identifier: Apache-2.0
"""Reads the package's TOML files; whatever is wrong in one is named with its remedy."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mcunet_tf.errors import BoardError

if sys.version_info >= (3, 11):
    import tomllib
else:  # Python 3.10: the package metadata asks for tomli there
    import tomli as tomllib

_KINDS = {str: "text", int: "a whole number", list: "a list", dict: "a table"}


class TomlTable:
    """A table of a file, whose entries are checked as they are taken.

    Attributes:
        entries: the entries as they stand in the file.
    """

    def __init__(self, what: str, entries: Mapping[str, Any]) -> None:
        """Takes a table; `what` names the file in messages, for instance "board file a.toml"."""
        self._what = what
        self.entries = entries

    @classmethod
    def read(cls, what: str, path: Path) -> TomlTable:
        """Reads a file; `what` says what it describes.

        Raises:
            BoardError: it cannot be read, or is not TOML.
        """
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise BoardError(f"cannot read {what} file {path}: {reason}") from error
        except tomllib.TOMLDecodeError as error:
            raise BoardError(f"{what} file {path} is not valid TOML: {error}") from error
        return cls(f"{what} file {path.name}", data)

    def table(self, key: str) -> TomlTable:
        """The table of that name within this one."""
        return TomlTable(self._what, self.get(key, dict))

    def tables(self, key: str) -> list[TomlTable]:
        """The tables of that name, which stand in double brackets."""
        entries = self.get(key, list)
        if not all(isinstance(entry, Mapping) for entry in entries):
            raise self.error(f"{key} holds something that is not a table", f"write [[{key}]]")
        return [TomlTable(self._what, entry) for entry in entries]

    def text(self, key: str, default: str | None = None) -> str:
        """A text; `default` where the key may be missing."""
        if default is not None and key not in self.entries:
            return default
        found: str = self.get(key, str)
        return found

    def strings(self, key: str, allowed: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of texts, each one of those allowed."""
        values = self.get(key, list)
        for value in values:
            if not isinstance(value, str) or (allowed is not None and value not in allowed):
                wanted = f"one of {', '.join(allowed)}" if allowed else "a string"
                raise self.error(f"{key} holds {value!r}", f"each entry is {wanted}")
        return tuple(values)

    def optional_strings(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty where the key is missing."""
        return self.strings(key) if key in self.entries else ()

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        """A text that is one of those allowed."""
        value: str = self.get(key, str)
        if value not in allowed:
            raise self.error(f"{key} = {value!r}", f"use one of {', '.join(allowed)}")
        return value

    def positive(self, key: str) -> int:
        """A whole number above 0."""
        value: int = self.get(key, int)
        if value <= 0:
            raise self.error(f"{key} = {value}", "use a number above 0")
        return value

    def number(self, key: str) -> float:
        """Any number."""
        return float(self.get(key, (int, float)))

    def get(self, key: str, kind: Any) -> Any:
        """An entry of a kind: `str`, `int`, `list`, `dict`, or a tuple of kinds of numbers."""
        wanted = _KINDS.get(kind, "a number")
        if key not in self.entries:
            raise self.error(f"key {key!r} is missing", f"add it: {wanted}")
        value = self.entries[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.error(f"{key} = {value!r}", f"it must be {wanted}")
        return value

    def no_unknown_keys(self, known: str, prefix: str = "") -> None:
        """Makes sure that every key is one of `known`, which blanks divide."""
        for key in self.entries:
            if key not in known.split():
                raise self.error(f"unknown key {prefix}{key}", f"known: {known}")

    def error(self, what: str, remedy: str) -> BoardError:
        """The error that names this file, what was found, and what to do."""
        return BoardError(f"{self._what}: {what}; {remedy}")
