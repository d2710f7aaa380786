# SPDX-License-Identifier: Apache-2.0
"""An Arduino library with a sketch: `library.properties`, `src/`, `examples/`.

The layout is that of the Arduino library specification 1.5: with a folder `src`, all in and below
it is compiled, and it alone is an include path.
"""

from __future__ import annotations

import re

from mcunet_tf.tinyengine.emit.example_facts import facts, network_names
from mcunet_tf.tinyengine.emit.library import Library
from mcunet_tf.tinyengine.emit.render import render

EXAMPLES = ("library.properties",)
ANY_CORE = True

# Headers of Arduino's cores and of the libraries that come with them, in small letters.
_HEADERS = frozenset(
    "arduino binary client cdc common eeprom ethernet firmata hardwareserial hid ipaddress "
    "keyboard mouse new pins_arduino plugableusb pluggableusb print printable ringbuffer sd "
    "serial server servo softwareserial spi stdlib_noniso stream udp usbapi usbcore usbdesc "
    "variant wifi wire wiring wiring_private wstring".split()
)


def refused_name(name: str) -> str | None:
    """Names that Arduino keeps for itself, and headers that would be found instead of others."""
    if re.match(r"arduino", name, re.IGNORECASE):
        return "begins with 'arduino', which is kept for Arduino's own libraries"
    return "is the name of a header of Arduino's" if name.lower() in _HEADERS else None


def _sketch(library: Library) -> str:
    # A sketch's folder and file have one name.
    return f"examples/{library.name}_demo/{library.name}_demo.ino"


def project_examples(library: Library) -> tuple[str, ...]:
    """The sketch is the user's once it is edited."""
    return (_sketch(library),)


def project_files(library: Library) -> dict[str, str]:
    """The library's own files, its description, and a sketch."""
    names = network_names(library)
    lines = [
        f"name={library.name}",
        f"version={library.version}",
        "author=mcunet_tf",
        "maintainer=mcunet_tf",
        f"sentence={names} as interpreter-free C.",
        f"paragraph=Compiled from {library.source} by mcunet_tf {library.version}: no interpreter, "
        "no heap, every buffer planned.",
        "category=Data Processing",
        f"url=https://example.com/{library.name}",
        "architectures=*",
        f"includes={library.name}.h",
    ]
    keywords = [f"{name}\tKEYWORD2" for name in _functions(library)]
    return {
        **library.files,
        "library.properties": "\n".join(lines) + "\n",
        "keywords.txt": "\n".join(keywords) + "\n",
        _sketch(library): render("examples/arduino.ino.j2", facts(library)),
    }


def _functions(library: Library) -> list[str]:
    """What an editor shows in colour."""
    found = []
    for network in library.networks:
        calls = ("begin", "push_row", "finish") if network.pushed else ("invoke",)
        found += [f"{network.name}_{call}" for call in calls]
        found += [edge.function for edge in network.edges]
    return found
