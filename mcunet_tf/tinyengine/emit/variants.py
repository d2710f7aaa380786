# SPDX-License-Identifier: Apache-2.0
"""One library in two forms: for the instructions of one core, and for any core.

Where an IDE chooses the core, a library cannot know it. Both forms have the same functions; the
preprocessor chooses between them, header and sources alike, so that a build that compiles whatever
lies in the folder gets one of them. Sizes and offsets of memories differ, which the headers say.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re

from mcunet_tf.tinyengine.emit.library import Library

_KERNELS, _WEIGHTS = "kernels/", "_weights"
_INCLUDE = re.compile(r'^#include "([\w.]+)"', re.MULTILINE)
_FAST, _ANY = "fast", "any"


def with_fallback(library: Library, portable: Library) -> Library:
    """A library that compiles for any core.

    Args:
      library: for cores that fulfil its condition.
      portable: the same models for the others.
    """
    condition = library.condition
    assert condition and not portable.condition
    fast = _renamed(library, _FAST, condition)
    other = _renamed(portable, _ANY, f"!({condition})")
    headers = {
        path: _chooser(path, condition, library.board, portable.board) for path in library.headers
    }
    kernels = {
        path: text
        for files in (library.files, portable.files)
        for path, text in files.items()
        if path.startswith(_KERNELS)
    }
    compiled = sorted(path for path in kernels if path.endswith((".c", ".S")))
    own = [p for half in (library, portable) for p in half.sources if not p.startswith(_KERNELS)]
    names = [_FAST] * (len(own) // 2) + [_ANY] * (len(own) // 2)
    sources = (_moved(path, form) for path, form in zip(own, names, strict=True))
    return dataclasses.replace(
        library,
        files={**headers, **fast, **other, **dict(sorted(kernels.items()))},
        sources=(*sources, *compiled),
        constants=_moved(library.constants, _FAST),
        condition="",
    )


def _moved(path: str, form: str) -> str:
    """kws.c -> kws_fast.c, kws_weights.c -> kws_fast_weights.c: linker scripts go by the end."""
    stem, suffix = posixpath.splitext(path)
    if stem.endswith(_WEIGHTS):
        return f"{stem.removesuffix(_WEIGHTS)}_{form}{_WEIGHTS}{suffix}"
    return f"{stem}_{form}{suffix}"


def _renamed(library: Library, form: str, condition: str) -> dict[str, str]:
    """The library's own files by other names; sources are empty where the condition fails."""
    own = {p: t for p, t in library.files.items() if not p.startswith(_KERNELS)}

    def include(found: re.Match[str]) -> str:
        return f'#include "{_moved(found[1], form)}"' if found[1] in own else found[0]

    files = {}
    for path, text in own.items():
        changed = _INCLUDE.sub(include, text)
        if path.endswith(".c"):
            empty = f"typedef int {posixpath.splitext(_moved(path, form))[0]}_is_for_other_cores;"
            changed = f"#if {condition}\n{changed}#else\n{empty}\n#endif\n"
        files[_moved(path, form)] = changed
    return files


def _chooser(path: str, condition: str, board: str, portable: str) -> str:
    lines = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        f"/* {posixpath.splitext(path)[0]}: the form that the core can run. Do not edit. */",
        f"#if {condition}",
        f'#include "{_moved(path, _FAST)}" /* for {board} */',
        "#else",
        f'#include "{_moved(path, _ANY)}" /* {portable} C */',
        "#endif",
    ]
    return "\n".join(lines) + "\n"
