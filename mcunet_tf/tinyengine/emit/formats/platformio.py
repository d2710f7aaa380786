# SPDX-License-Identifier: Apache-2.0
"""A PlatformIO library: `library.json`, `src/`, and a project that uses it."""

from __future__ import annotations

import json

from mcunet_tf.tinyengine.emit.example_facts import facts, network_names
from mcunet_tf.tinyengine.emit.formats.arduino import refused_name
from mcunet_tf.tinyengine.emit.library import Library
from mcunet_tf.tinyengine.emit.render import render

_EXAMPLE = "examples/platformio"
EXAMPLES = ("library.json", f"{_EXAMPLE}/platformio.ini", f"{_EXAMPLE}/src/main.cpp")
ANY_CORE = True

__all__ = ["ANY_CORE", "EXAMPLES", "project_files", "refused_name"]  # its example is Arduino's, too


def project_files(library: Library) -> dict[str, str]:
    """The library's own files, its manifest, and a project of the Arduino framework."""
    manifest = {
        "name": library.name,
        "version": library.version,
        "description": f"{network_names(library)} as interpreter-free C.",
        "keywords": ["machine learning", "tflite", "neural network"],
        "authors": [{"name": "mcunet_tf"}],
        "license": "Apache-2.0",
        "frameworks": "*",
        "platforms": "*",
        "headers": [f"{network}.h" for network in _headers(library)],
        "build": {"srcDir": library.folder, "includeDir": library.folder, "flags": ["-O3"]},
        "export": {"exclude": [".mcunet_tf.json"]},
        "examples": [
            {"name": "demo", "base": _EXAMPLE, "files": ["platformio.ini", "src/main.cpp"]}
        ],
    }
    sketch = render("examples/arduino.ino.j2", facts(library))
    return {
        **library.files,
        "library.json": json.dumps(manifest, indent=2) + "\n",
        f"{_EXAMPLE}/platformio.ini": render("examples/platformio.ini.j2", facts(library)),
        f"{_EXAMPLE}/src/main.cpp": sketch.replace("#include", "#include <Arduino.h>\n#include", 1),
    }


def _headers(library: Library) -> list[str]:
    return [path.rpartition("/")[2].removesuffix(".h") for path in library.headers]
