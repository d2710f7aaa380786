# SPDX-License-Identifier: Apache-2.0
"""Kernels as they are emitted: symbols that carry a version, and instructions behind a guard.

Two libraries that were emitted one by one may be linked into one firmware, as sources or as
archives, also when they come from different versions of this package. So the external symbol of a
kernel ends in a digest of its text and of all that it includes: one name stands for one text. And
the definition is weak: where a firmware holds the same kernel twice, the linker takes either, and
`--gc-sections` drops the other. C keeps the plain names, which the header of each folder maps.
"""

from __future__ import annotations

import functools
import hashlib
import posixpath
import re
from collections.abc import Iterable

from mcunet_tf.boards import feature_test
from mcunet_tf.tinyengine.emit.sources import collect_sources, kernel_names, kernel_path

_DIGITS = 6
_ROWS_HEADER, _ROWS_SOURCE = "common/rows.h", "common/rows.c"
_DECLARED = re.compile(r"\b(tinyengine_\w+)\(")
_GUARD = re.compile(r"^#ifndef (\w+_H_)\n#define \1\n", re.MULTILINE)
_HEAD_COMMENT = re.compile(r"/\*.*?\*/\n", re.DOTALL)


def emitted_sources(paths: Iterable[str]) -> dict[str, str]:
    """The given files of `kernels/` and all that they include, as a project has them, by path."""
    return {path: _emitted(path, text) for path, text in collect_sources(paths).items()}


def kernel_symbol(folder: str, name: str) -> str:
    """The external symbol of a kernel."""
    return f"{name}_{_digest(kernel_path(folder, name))}"


@functools.cache
def _digest(path: str) -> str:
    """A few digits that change with a file or with anything that it includes."""
    state = hashlib.sha256()
    for name, text in collect_sources([path]).items():
        state.update(f"{name}\n{text}\n".encode())
    return state.hexdigest()[:_DIGITS]


@functools.cache
def _symbols(folder: str) -> dict[str, str]:
    """The emitted symbol of all that the files of a folder define, by its plain name."""
    if folder == "common":
        declared = _DECLARED.findall(collect_sources([_ROWS_HEADER])[_ROWS_HEADER])
        return {name: f"{name}_{_digest(_ROWS_SOURCE)}" for name in declared}
    return {name: kernel_symbol(folder, name) for name in kernel_names(folder)}


@functools.cache
def _emitted(path: str, text: str) -> str:
    folder, file = posixpath.split(path)
    stem, suffix = posixpath.splitext(file)
    if path == _ROWS_HEADER or path == f"{folder}/{folder}.h":
        return _with_names(text, _symbols(folder))
    if suffix == ".inc":
        return _weak_globals(text)
    if suffix == ".S":
        plain = _weak_globals(text)
        named = re.sub(rf"\b{stem}\b(?!\.)", kernel_symbol(folder, stem), plain)
        return _guarded(stem, suffix, named)
    if suffix == ".c":
        own = _symbols(folder)
        weak = own.values() if path == _ROWS_SOURCE else [own[stem]]
        lines = [f"#pragma weak {symbol}\n" for symbol in weak]
        return _guarded(stem, suffix, _behind_head(text, "".join(lines)))
    return text


def _with_names(text: str, symbols: dict[str, str]) -> str:
    """A header that maps plain names to symbols."""
    if not symbols:
        return text
    lines = [f"#define {name} {symbol}" for name, symbol in sorted(symbols.items())]
    said = "/* Symbols carry the version of their text, so that libraries link together. */"
    block = "\n".join(["", said, *lines, ""])
    named, count = _GUARD.subn(lambda found: found[0] + block, text, count=1)
    assert count == 1, "a kernel's header has no include guard"
    return named


def _weak_globals(text: str) -> str:
    return re.sub(r"\.global\b", ".weak", text)


def _behind_head(text: str, lines: str) -> str:
    """A file with lines behind the comment that it opens with, if it does."""
    head = _HEAD_COMMENT.match(text)
    end = head.end() if head else 0
    return text[:end] + lines + text[end:]


def _guarded(stem: str, suffix: str, text: str) -> str:
    """A file that is empty for a core that lacks the kernel's instructions."""
    condition = feature_test(stem.rpartition("_")[2])
    if not condition:
        return text
    opened = _behind_head(text, f"#if {condition}\n")
    # A C file that is empty is none, says the standard.
    rest = "" if suffix == ".S" else f"#else\ntypedef int {stem}_is_for_other_cores;\n"
    return f"{opened}{rest}#endif /* {condition} */\n"
