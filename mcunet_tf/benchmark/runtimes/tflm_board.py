# SPDX-License-Identifier: Apache-2.0
"""TF-Lite Micro on a board: the user's own library behind our runner, with the same protocol.

The library is linked as its build left it: its kernels have the optimisation that their authors
release them with. Arena: the smallest that its interpreter accepts, found by search on the core.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.benchmark.runtimes.tflite_facts import TfliteFacts, edge_bytes, read_facts
from mcunet_tf.boards import Board, emulate
from mcunet_tf.check.build_inputs import External
from mcunet_tf.check.engines import TensorSpec
from mcunet_tf.check.toolchain import require_cxx_library
from mcunet_tf.errors import BudgetError, ToolError, UnsupportedError
from mcunet_tf.tinyengine.emit import constants
from mcunet_tf.tinyengine.kernel_tables.table import Blob

ARCHIVE = "libtensorflow-microlite.a"
_RESOLVER = "tensorflow/lite/micro/micro_mutable_op_resolver.h"
_THIRD_PARTY = ("flatbuffers/include", "gemmlowp", "ruy", "kissfft")
_DOWNLOADS = "tensorflow/lite/micro/tools/make/downloads"
_SOURCES = Path(__file__).with_name("tflm")
# The layout of types follows the first; the second spares a function that release builds lack.
_FLAGS = ("-DTF_LITE_STATIC_MEMORY", "-DTF_LITE_STRIP_ERROR_STRINGS")
_HEADROOM_BYTES = 65536  # of the RAM, for everything but the arena while it is searched


@dataclass(frozen=True, eq=False)
class TflmModel:
    """A model with TF-Lite Micro's interpreter, as a project of the contract."""

    name: str
    files: dict[str, str]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    arena_bytes: int
    external: External
    notes: tuple[str, ...]
    tools: dict[str, str]
    macs: int | None = None


def compile_tflm(model: Path, board: Board, tflm_dir: Path | None) -> TflmModel:
    """Builds the interpreter around a model file for a board.

    Args:
        model: the file.
        board: a Cortex-M board.
        tflm_dir: a source tree of TF-Lite Micro with its library built for the board's core.

    Raises:
        ToolError: the library or that of C++ is not there; the message says what to provide.
        ModelError: the interpreter does not take the model.
        BudgetError: no arena that fits the board is enough.
    """
    tree = find_tflm(tflm_dir, board)
    content = model.read_bytes()
    facts = read_facts(content)
    name = f"tflm_{re.sub(r'[^A-Za-z0-9_]', '_', model.stem)}"
    files = _files(name, content, facts, tree)
    require_cxx_library(board)
    arena_bytes = _search_arena(name, files, tree, emulate(board))
    files[f"{name}.h"] = _header(name, facts, arena_bytes)
    files["tflm_config.h"] += f"#define TFLM_SETUP_BYTES {arena_bytes}\n"
    notes = (f"interpreter, {ARCHIVE} as built: {tree.variant}",)
    return TflmModel(
        name,
        files,
        facts.inputs,
        facts.outputs,
        arena_bytes,
        tree.external,
        notes,
        {"tflm": tree.variant},
    )


@dataclass(frozen=True)
class TflmTree:
    """Headers and library of TF-Lite Micro; `variant` names the build."""

    root: Path
    variant: str
    external: External

    def registration(self, operator: str, int8: bool) -> str | None:
        """The call that adds an operator to the resolver, or None if it is not known.

        Args:
            operator: TensorFlow Lite's name.
            int8: whether the smaller int8 kernel serves, where there is one.
        """
        text = (self.root / _RESOLVER).read_text(encoding="utf-8")
        methods = {name.lower(): name for name in re.findall(r"TfLiteStatus Add(\w+)\(", text)}
        name = methods.get(operator.replace("_", "").lower())
        if name is None:
            return None
        takes = re.search(rf"Add{name}\(\s*const TFLMRegistration", text)
        smaller = f"Register_{operator}_INT8()"
        headers = map(self.root.joinpath, re.findall(r'"(tensorflow/\S+/kernels/\w+\.h)"', text))
        if int8 and takes and any(smaller in path.read_text(encoding="utf-8") for path in headers):
            return f"Add{name}(tflite::{smaller});"
        return f"Add{name}();"


def find_tflm(folder: Path | None, board: Board) -> TflmTree:
    """Finds headers and the library for a board's core.

    Upstream's build leaves the library in `gen/<target>_<core>_<build>[_cmsis_nn]_gcc/lib`; with
    several for one core the one with CMSIS-NN is taken. A folder with a single library is taken
    as it is.

    Raises:
        ToolError: something is missing; the message says what to provide.
    """
    how = (
        "build TF-Lite Micro's microlite target for TARGET=cortex_m_generic "
        f"TARGET_ARCH={board.core.name} and give its source tree with --tflm_dir"
    )
    if folder is None:
        raise ToolError(f"no TF-Lite Micro library: {how}")
    if not (folder / _RESOLVER).is_file():
        raise ToolError(f"{folder} holds no headers of TF-Lite Micro: {how}")
    archive = _archive(folder, board.core.name)
    if archive is None:
        raise ToolError(f"{folder} holds no {ARCHIVE} for {board.core.name}: {how}")
    places = [folder / base / name for base in ("third_party", _DOWNLOADS) for name in _THIRD_PARTY]
    includes = (folder, *(place for place in places if place.is_dir()))
    variant = archive.parent.parent.name if archive.parent.name == "lib" else archive.parent.name
    # Declares the int8 kernels of that build.
    flags = (*_FLAGS, "-DCMSIS_NN") if "cmsis_nn" in variant else _FLAGS
    external = External((), includes, (archive,), flags)
    return TflmTree(folder, variant, external)


def _archive(folder: Path, core: str) -> Path | None:
    built = sorted(folder.glob(f"gen/*/lib/{ARCHIVE}"))
    fitting = [path for path in built if re.search(rf"{core}(?![0-9])", path.parent.parent.name)]
    if fitting:
        return max(fitting, key=lambda path: ("cmsis_nn" in str(path), str(path)))
    single = [path for path in (folder / ARCHIVE, folder / "lib" / ARCHIVE) if path.is_file()]
    return single[0] if single else None


def _files(name: str, content: bytes, facts: TfliteFacts, tree: TflmTree) -> dict[str, str]:
    added = {op: tree.registration(op, op in facts.int8_operators) for op in facts.operators}
    missing = [operator for operator, call in added.items() if call is None]
    if missing:
        raise UnsupportedError(f"TF-Lite Micro knows no {', '.join(missing)}")
    calls = " ".join(f"resolver->{call}" for call in added.values())
    blob = Blob("uint8_t", np.frombuffer(content, np.uint8))
    symbol = f"{name}_flatbuffer"
    declaration = constants.array_declaration(symbol, blob)
    config = [
        f"#define TFLM_OPERATORS {len(added)}",
        f"#define TFLM_STATES {int(facts.states)}",
        f"#define TFLM_REGISTER(resolver) {calls}",
        f"#define TFLM_MODEL {symbol}",
        f"#define TFLM_NAME(suffix) {name}_##suffix",
        f'#include "{name}_weights.h"',
    ]
    return {
        "tflm_config.h": "\n".join(config) + "\n",
        f"{name}_weights.h": _guarded(declaration.replace(";", " __attribute__((aligned(16)));")),
        f"{name}_weights.c": f'#include "{name}_weights.h"\n'
        + constants.array_definition(symbol, blob),
        "tflm_model.cc": (_SOURCES / "tflm_model.cc").read_text(encoding="utf-8"),
    }


def _guarded(declaration: str) -> str:
    lines = ["#pragma once", "#include <stdint.h>", "#ifdef __cplusplus", 'extern "C" {', "#endif"]
    lines += [declaration, "#ifdef __cplusplus", "}", "#endif"]
    return "\n".join(lines) + "\n"


def _header(name: str, facts: TfliteFacts, arena_bytes: int) -> str:
    upper = name.upper()
    lines = [
        "#include <stdint.h>",
        f"#define {upper}_ARENA_BYTES {arena_bytes}",
        f"#define {upper}_ARENA_ALIGNMENT 16",
        f"void {name}_setup(void *arena);",
        f"void {name}_invoke(void *arena);",
        f"void *{name}_tensor(int is_output, int index);",
    ]
    for is_output, role, edges in ((0, "input", facts.inputs), (1, "output", facts.outputs)):
        constant = "const " if is_output else ""
        for index, edge in enumerate(edges):
            lines += [
                f"#define {upper}_{role.upper()}_{index}_BYTES {edge_bytes(edge)}",
                f"static inline {constant}void *{name}_{role}_{index}({constant}void *arena) {{",
                "  (void)arena;",
                f"  return {name}_tensor({is_output}, {index});",
                "}",
            ]
    return "\n".join(lines) + "\n"


def _search_arena(name: str, files: dict[str, str], tree: TflmTree, board: Board) -> int:
    """The smallest arena that the interpreter accepts, by bisection on the core itself."""
    largest = (board.ram_bytes or 0) - board.stack_reserve_bytes - _HEADROOM_BYTES
    program = {
        **files,
        "main.c": (_SOURCES / "search_arena.c").read_text(encoding="utf-8"),
        "tflm_config.h": files["tflm_config.h"] + f"#define TFLM_ARENA_BYTES {largest & ~15}\n",
    }
    run = run_elf(program, board, external=tree.external)
    found, problem = struct.unpack("<2I", run.stdout)
    if problem:
        raise BudgetError(
            f"TF-Lite Micro does not take the model on {board.name}: "
            f"its interpreter refuses {largest & ~15} bytes of arena or an operator"
        )
    return int(found)
