# SPDX-License-Identifier: Apache-2.0
"""One HTML file that runs the emitted C in a browser, as WebAssembly: to try before flashing.

The compiler is Zig's, which comes as a Python package and brings a C library: `pip install
ziglang`. The page holds all that it needs, and works offline.
"""

from __future__ import annotations

import base64
import functools
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import Any

from mcunet_tf.errors import ToolError
from mcunet_tf.tinyengine.emit.example_facts import facts
from mcunet_tf.tinyengine.emit.library import Edge, Library
from mcunet_tf.tinyengine.emit.render import render

EXAMPLES: tuple[str, ...] = ()
ANY_CORE = True

_EXPORTS = "page_exports.c"
_FLAGS = (
    *(
        "-target",
        "wasm32-wasi",
        "-std=gnu11",
        "-O3",
        "-g0",
        "-mexec-model=reactor",
        "-nostartfiles",
    ),
    *("-fno-sanitize=all", "-ffunction-sections", "-Wl,--gc-sections", "-Wl,--no-entry"),
    *("-Wl,--strip-all", "-Wl,-z,stack-size=65536"),
)
_TIMEOUT_S = 300
_LIMITS = {
    "int8": (-128, 127),
    "uint8": (0, 255),
    "bool": (0, 1),
    "int16": (-(1 << 15), (1 << 15) - 1),
    "int32": (-(1 << 31), (1 << 31) - 1),
    "uint32": (0, (1 << 32) - 1),
    "int64": (-(1 << 53), 1 << 53),
    "float32": (0, 1),
}


def project_files(library: Library) -> dict[str, str]:
    """The library's own files, and the page.

    Raises:
      ToolError: Zig is missing, or does not compile the C.
    """
    exports = render("wasm/exports.c.j2", facts(library))
    # What is known of a library by its text alone: the same text is compiled once.
    texts = tuple(sorted(library.files.items()))
    code = _compiled(texts, library.sources, library.folder, exports)
    networks = [
        {
            "name": network.name,
            "inputs": [_edge(edge) for edge in network.inputs],
            "outputs": [_edge(edge) for edge in network.outputs],
        }
        for network in library.networks
    ]
    # "<" may not end the script that holds the text.
    told = json.dumps(networks).replace("<", "\\u003c")
    page = render(
        "wasm/page.html.j2",
        {"library": library, "networks_json": told, "wasm_base64": code},
    )
    return {**library.files, f"{library.name}.html": page}


def _edge(edge: Edge) -> dict[str, Any]:
    low, high = _LIMITS[edge.dtype]
    return {
        "index": edge.index,
        "label": edge.label,
        "dtype": edge.dtype,
        "shape": list(edge.shape),
        "elements": edge.elements,
        "scale": None if edge.scale is None else float(edge.scale.rstrip("f")),
        "zero_point": edge.zero_point,
        "low": low,
        "high": high,
    }


def _zig() -> list[str]:
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang"]
    found = shutil.which("zig")
    if found is None:
        raise ToolError("format wasm needs Zig's compiler: pip install ziglang")
    return [found]


@functools.lru_cache(maxsize=4)
def _compiled(
    files: tuple[tuple[str, str], ...], sources: tuple[str, ...], include: str, exports: str
) -> str:
    """The library as WebAssembly, in base64."""
    with tempfile.TemporaryDirectory(prefix="mcunet_tf-") as name:
        folder = pathlib.Path(name)
        for path, text in (*files, (_EXPORTS, exports)):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        # Assembler is for other processors, and empty here.
        wanted = [path for path in (*sources, _EXPORTS) if path.endswith(".c")]
        command = [*_zig(), "cc", *_FLAGS, f"-I{include or '.'}", *wanted, "-lm", "-o", "page.wasm"]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S
            )
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"Zig did not end in {_TIMEOUT_S} s") from error
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if "error" in line]
            raise ToolError(f"Zig does not compile the C: {(lines or ['no reason given'])[0]}")
        return base64.b64encode((folder / "page.wasm").read_bytes()).decode()
