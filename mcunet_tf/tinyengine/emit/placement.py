# SPDX-License-Identifier: Apache-2.0
"""Sections of the linker script that weights, memories and code are put into.

Weights and memories carry macros in the headers, which a build may define as it likes; a placement
is what they are otherwise. Code has no macro: every function gets the attribute, static ones too,
as a compiler need not inline them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from mcunet_tf.boards import Board
from mcunet_tf.errors import McunetError
from mcunet_tf.tinyengine.emit.library import Arena

PLACES = ("weights", "hot_weights", "arena", "state", "code")
_SECTION = re.compile(r"[.A-Za-z_][.\w$]*")
_STANDARD = (".text.", ".rodata.", ".data.", ".bss.")
"""Beginnings of sections that any linker script has and any start-up code knows."""
# Definitions at the left margin: kernels are formatted so.
_FUNCTION = re.compile(
    r"^(?!typedef\b|struct\s+\w+ \{|extern\b|else\b)([A-Za-z_][^;{}=#]*\)) \{", re.M
)
# What a macro defines.
_IN_MACRO = re.compile(r"^( +)(?=ASM_FUNCTION static\b)", re.M)
_ASSEMBLER_SECTION = re.compile(r"\.section \.text\.\w+,")


@dataclasses.dataclass(frozen=True)
class Places:
    """Where things go.

    Attributes:
      sections: sections by what goes there, some of `PLACES`.
      hot_bytes: what the memory of the hot weights holds.
      beside_hot: which of "arena" and "state" lie in it too, and take of these bytes.
    """

    sections: Mapping[str, str] = dataclasses.field(default_factory=dict)
    hot_bytes: int = 0
    beside_hot: tuple[str, ...] = ()


def checked_place(place: str | Mapping[str, str], board: Board) -> Places:
    """What goes where, from a mapping or from "weights:.ext_flash,arena:.dtcm".

    The section of hot weights may say how much goes there, "hot_weights:.dtcm=65536".

    Raises:
      McunetError: something else is placed, a section has no name that a linker takes, or the
        board's file names sections and this is none of them; or nothing tells how large the memory
        of hot weights is.
    """
    given = place.items() if isinstance(place, Mapping) else _pairs(place)
    found: dict[str, str] = {}
    known = [section for memory in board.memory for section in memory.sections]
    hot_bytes = None
    for what, section in given:
        if what == "hot_weights":
            section, hot_bytes = _sized(section)
        if what not in PLACES:
            raise McunetError(f"place '{what}' is unknown: use one of {', '.join(PLACES)}")
        if what in found:
            raise McunetError(f"{what} has section '{found[what]}' already: name one")
        if not _SECTION.fullmatch(section):
            raise McunetError(f"{what}: '{section}' is no section: say {what}:.section")
        if known and section not in known and not section.startswith(_STANDARD):
            raise McunetError(
                f"{what}: board {board.name} has no section '{section}': use one of "
                f"{', '.join(known)}, or name it in a board file of your own"
            )
        found[what] = section
    if "hot_weights" not in found:
        return Places(found)
    memory = next((m for m in board.memory if found["hot_weights"] in m.sections), None)
    if hot_bytes is not None:
        return Places(found, hot_bytes)
    beside = tuple(what for what in found if memory and found[what] in memory.sections)
    if memory is None or {"code", "weights"} & set(beside):
        section = found["hot_weights"]
        raise McunetError(
            f"hot_weights: how much of '{section}' is free for them is not known: say "
            f"hot_weights:{section}=BYTES"
        )
    shared = tuple(what for what in beside if what in ("arena", "state"))
    return Places(found, memory.size_bytes, shared)


def _sized(section: str) -> tuple[str, int | None]:
    """(section, bytes) of ".dtcm=65536"; None where it says none."""
    name, equals, size = section.partition("=")
    if not equals:
        return name, None
    if not size.isdecimal() or int(size) == 0:
        raise McunetError(f"hot_weights: '{size}' is no number of bytes: say {name}=65536")
    return name, int(size)


def _pairs(text: str) -> list[tuple[str, str]]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise McunetError("nothing is placed: say what goes where, such as weights:.ext_flash")
    return [(what, section) for what, _, section in (part.partition(":") for part in parts)]


def attribute(section: str | None) -> str:
    """The attribute that puts a definition into a section; "" for none."""
    return f'__attribute__((section("{section}")))' if section else ""


def macro_lines(name: str, section: str | None) -> list[str]:
    """A macro that a build may define otherwise."""
    value = f" {attribute(section)}" if section else ""
    return [f"#ifndef {name}", f"#define {name}{value}", "#endif"]


def placed_code(path: str, text: str, section: str) -> str:
    """A file of C or assembler with all its functions in a section."""
    if path.endswith((".S", ".inc")):
        text = _ASSEMBLER_SECTION.sub(f".section {section},", text)
    if path.endswith(".S"):
        return text
    text = _IN_MACRO.sub(lambda found: f"{found[0]}{attribute(section)} ", text)
    return _FUNCTION.sub(lambda found: f"{attribute(section)} {found[0]}", text)


def placed_memories(macro: str, arenas: tuple[Arena, ...], place: Places) -> list[str]:
    """Lines of a header that say where its memories go."""
    kinds = ["arena", *(["state"] if any(a.name == "state" for a in arenas) else [])]
    return [
        line
        for kind in kinds
        for line in macro_lines(f"{macro}_{kind.upper()}", place.sections.get(kind))
    ]
