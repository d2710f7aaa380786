# SPDX-License-Identifier: Apache-2.0
"""Puts models together: one as a library of its own, or several that share kernels and constants.

Models of one firmware run in turn in one arena, as large as the largest needs, or keep their inputs
and outputs beside each other (`parallel`), each in its own part. States are always apart.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence

from mcunet_tf.errors import ModelError
from mcunet_tf.tinyengine.emit import constants
from mcunet_tf.tinyengine.emit.formats import DEFAULT_FORMATS, lay_out
from mcunet_tf.tinyengine.emit.hot_weights import HotWeights, hot_weights, memory_sizes
from mcunet_tf.tinyengine.emit.library import ARENA_ALIGNMENT_BYTES, Arena, Edge, Library, Network
from mcunet_tf.tinyengine.emit.parts import JointPart
from mcunet_tf.tinyengine.emit.placement import macro_lines, placed_code, placed_memories
from mcunet_tf.tinyengine.emit.project import Emitted, Project, emit_model
from mcunet_tf.tinyengine.emit.render import comment, render
from mcunet_tf.tinyengine.emit.symbols import emitted_sources
from mcunet_tf.tinyengine.kernel_tables.table import Blob

# What an example prints values as: a format, and the type that it takes.
_PRINTED = {
    "float32": ("%g", "(double)"),
    "uint32": ("%lu", "(unsigned long)"),
    **dict.fromkeys(("int32", "int64"), ("%ld", "(long)")),
}
_STATE = "state"
# Values of a model are its owner's: the file says that they come under the model's licence.
_LICENCE = "SPDX-License-Identifier: LicenseRef-Model"


def emit_project(project: Project, formats: Sequence[str] = DEFAULT_FORMATS) -> dict[str, str]:
    """All files of the project by relative path."""
    return lay_out(formats, emit_library(project)).files


def emit_library(project: Project) -> Library:
    """One network as C, and what there is to say of it."""
    emitted = _with_parts(project)
    network = emitted.network
    headers = tuple(path for path in emitted.files if path.endswith(".h"))
    made = _library(project.name, [project], [emitted], (network,), network.arenas, {}, headers)
    return dataclasses.replace(made, examples=emitted.examples)


def emit_firmware(
    name: str,
    projects: Sequence[Project],
    parallel: bool = False,
    parts: Sequence[JointPart] = (),
) -> Library:
    """Several networks as one library.

    Args:
      name: C prefix of what they share: `<name>.h`, memories and constants.
      projects: the models, compiled for one board, each with a name of its own.
      parallel: whether they are used at the same time, each with a part of the arena of its own.
      parts: what belongs to all of them.

    Raises:
      ModelError: models of several boards, or of one name.
    """
    _check(name, projects)
    shared: list[Project] = []
    known: Mapping[tuple[str, tuple[int, ...], bytes], str] = {}
    for project in projects:
        mine = dataclasses.replace(project, constants=f"{name}_weights", known=known)
        known = mine.pool.contents
        shared.append(mine)
    emitted = [_with_parts(project) for project in shared]
    arenas, places = _memories(name, [e.network.arenas for e in emitted], parallel)
    networks = tuple(
        dataclasses.replace(
            e.network,
            places=tuple(f"{name}_{e.network.name}_{a.name}({a.name})" for a in e.network.arenas),
        )
        for e in emitted
    )
    context = {
        "name": name,
        "macro": name.upper(),
        "version": projects[0].version,
        "board": comment(projects[0].board),
        "networks": networks,
        "arenas": arenas,
        "places": places,
        "alignment": ARENA_ALIGNMENT_BYTES,
        "parallel": parallel,
        "has_state": any(network.has_state for network in networks),
        "placed": placed_memories(name.upper(), arenas, projects[0].place),
    }
    header = {f"{name}.h": render("firmware.h.j2", context)}
    for part in parts:
        made = part(networks, arenas)
        # With the last model's files: what lies beside a model may need the models before it.
        last = emitted[-1]
        emitted[-1] = dataclasses.replace(
            last, files={**last.files, **made.files}, kernels=(*last.kernels, *made.kernels)
        )
    headers = (f"{name}.h", *(p for e in emitted for p in e.files if p.endswith(".h")))
    return _library(name, shared, emitted, networks, arenas, header, headers)


def _with_parts(project: Project) -> Emitted:
    """A model and what lies beside it."""
    emitted = emit_model(project)
    for part in project.parts:
        made = part(emitted.network)
        emitted = dataclasses.replace(
            emitted,
            files={**emitted.files, **made.files},
            kernels=(*emitted.kernels, *made.kernels),
            examples={**emitted.examples, **made.examples},
        )
    return emitted


def _check(name: str, projects: Sequence[Project]) -> None:
    boards = sorted({project.board for project in projects})
    if len(boards) > 1:
        raise ModelError(
            f"{name}: its models are compiled for {' and '.join(boards)}; one firmware runs on one "
            "board: compile them all for it"
        )
    names = [project.name for project in projects]
    for known, other in itertools.pairwise(sorted([name, *names], key=str.lower)):
        if known.lower() == other.lower():
            raise ModelError(
                f"'{other}' names two parts of one firmware: give each model, and the firmware, a "
                "name of its own"
            )


def _memories(
    name: str, wanted: Sequence[Sequence[Arena]], parallel: bool
) -> tuple[tuple[Arena, ...], list[list[int]]]:
    """What all models share, and the place of each model's memories in it."""
    sizes: dict[str, int] = {}
    places: list[list[int]] = []
    for arenas in wanted:
        places.append([])
        for arena in arenas:
            before = sizes.get(arena.name, 0)
            apart = parallel or arena.name == _STATE
            start = -(-before // ARENA_ALIGNMENT_BYTES) * ARENA_ALIGNMENT_BYTES if apart else 0
            places[-1].append(start)
            sizes[arena.name] = max(before, start + arena.size_bytes)
    # A model with one memory calls it "arena", and others "arena_0" and so on; states come last.
    order = sorted(sizes, key=lambda n: (n == _STATE, n))
    macros = {n: f"{name.upper()}_{n.upper()}_BYTES" for n in order}
    return tuple(Arena(n, macros[n], sizes[n]) for n in order), places


def _library(
    name: str,
    projects: Sequence[Project],
    emitted: Sequence[Emitted],
    networks: tuple[Network, ...],
    arenas: tuple[Arena, ...],
    header: Mapping[str, str],
    headers: tuple[str, ...],
) -> Library:
    kernel_headers = sorted({path for e in emitted for path in e.headers})
    paths = sorted({path for e in emitted for path in (*e.kernels, *e.headers)})
    copied = emitted_sources(paths)
    custom = {function: text for e in emitted for function, text in e.custom.items()}
    copied |= {f"custom/{function}.c": text for function, text in custom.items()}
    compiled = [f"kernels/{path}" for path in copied if path.endswith((".c", ".S"))]
    arrays = {symbol: blob for p in projects for symbol, blob in p.pool.arrays.items()}
    weights, hot = f"{name}_weights", hot_weights(projects, memory_sizes(arenas))
    files = dict(header)
    for one in emitted:
        files |= one.files
    files |= {
        f"{weights}.h": _weights_header(name, arrays, kernel_headers),
        f"{weights}.c": _weights_source(name, arrays, projects[0].place.sections, hot),
    }
    files |= {f"kernels/{path}": text for path, text in copied.items()}
    first = projects[0]
    if section := first.place.sections.get("code"):
        own = {f"{weights}.c", f"{weights}.h", *headers}
        files = {p: t if p in own else placed_code(p, t, section) for p, t in files.items()}
    models = [path for e in emitted for path in e.files if path.endswith(".c")]
    library = Library(
        name=name,
        macro=name.upper(),
        source=", ".join(network.source for network in networks),
        board=comment(first.board),
        version=first.version,
        arenas=arenas,
        networks=networks,
        constant_bytes=sum(project.pool.size_bytes for project in projects),
        files=files,
        sources=(*models, f"{weights}.c", *compiled),
        headers=headers,
        constants=f"{weights}.c",
        flags=first.flags,
        example="",
        condition=" && ".join(sorted({c for p in projects for c in p.conditions})),
        notes=() if hot is None else (hot.text(len(arrays)),),
    )
    example = render("main.c.j2", {"library": library, "printed": _printed})
    return dataclasses.replace(library, example=example)


def _printed(edge: Edge, values: str) -> str:
    """Arguments with which an example prints value i: as it is, and what it stands for."""
    text, cast = _PRINTED.get(edge.dtype, ("%d", ""))
    value = f"{values}[i]"
    if edge.scale is None:
        return f'"{text}\\n", {cast}{value}'
    real = f"{edge.macro}_SCALE * (float)({value} - {edge.macro}_ZERO_POINT)"
    return f'"{text} %g\\n", {cast}{value}, (double)({real})'


def _weights_header(name: str, arrays: Mapping[str, Blob], headers: Iterable[str]) -> str:
    guard = f"{name.upper()}_WEIGHTS_H_"
    declarations = [constants.array_declaration(symbol, blob) for symbol, blob in arrays.items()]
    includes = [f'#include "kernels/{header}"' for header in headers]
    lines = [
        f"/* {_LICENCE}\n *\n * Constants of {name}. Do not edit. */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        "#include <stdint.h>",
        "",
        *includes,
        "",
        *declarations,
        "",
        f"#endif /* {guard} */",
    ]
    return "\n".join(lines) + "\n"


def _weights_source(
    name: str, arrays: Mapping[str, Blob], sections: Mapping[str, str], hot: HotWeights | None
) -> str:
    macros = {"weights": f"{name.upper()}_WEIGHTS"}
    if hot is not None:
        macros["hot_weights"] = f"{name.upper()}_HOT_WEIGHTS"
    placed = frozenset() if hot is None else hot.symbols
    definitions = [
        f"{macros['hot_weights' if symbol in placed else 'weights']} "
        f"{constants.array_definition(symbol, blob)}"
        for symbol, blob in arrays.items()
    ]
    head = (
        f'/* {_LICENCE}\n *\n * Constants of {name}. Do not edit. */\n#include "{name}_weights.h"\n'
    )
    if any("INFINITY" in text or "NAN" in text for text in definitions):
        head += "\n#include <math.h>\n"
    said = "/* An attribute that says where they go. */"
    lines = [line for kind in macros for line in macro_lines(macros[kind], sections.get(kind))]
    return "\n".join([head, said, *lines, "", *definitions])
