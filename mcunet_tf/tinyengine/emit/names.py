# SPDX-License-Identifier: Apache-2.0
"""Names in C: the one check of a model's, which becomes a prefix, file names and a CMake target,
and those of its edges.

A name that is derived from the model's file is changed until it is fit; one that the user gave is
kept or refused.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from mcunet_tf.errors import ModelError
from mcunet_tf.tinyengine.ir import Graph

LONGEST = 63
"""C compilers tell identifiers apart by at least so many characters."""
_LONGEST_DERIVED, _SHORTENED = 48, 40  # what follows the prefix leaves symbols apart
_DIGEST = 4

_C_KEYWORDS = (
    "alignas alignof asm auto bool break case char const constexpr continue default do double else "
    "enum extern false float for goto if inline int long nullptr register restrict return short "
    "signed sizeof static static_assert struct switch thread_local true typedef typeof union "
    "unsigned void volatile while"
)
_CPP_KEYWORDS = (
    "and and_eq bitand bitor catch char8_t char16_t char32_t class co_await co_return co_yield "
    "compl concept consteval constinit const_cast decltype delete dynamic_cast explicit export "
    "friend mutable namespace new noexcept not not_eq operator or or_eq private protected public "
    "reinterpret_cast requires static_cast template this throw try typeid typename using virtual "
    "wchar_t xor xor_eq"
)
# <name>.h of ours would be found in their place.
_HEADERS = (
    "assert complex ctype errno fenv float inttypes iso646 limits locale math memory setjmp signal "
    "stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn "
    "string strings tgmath threads time uchar unistd wchar wctype alloca arm_acle arm_mve "
    "arm_neon arm_nnfunctions cmsis_compiler cmsis_gcc core_cm4 core_cm7 core_cm33 core_cm55 "
    "endian features fcntl malloc newlib poll pthread regex sched syscall termios"
)
_CMAKE_TARGETS = (
    "all all_build clean depend edit_cache help install install_local install_strip "
    "list_install_components package package_source preinstall rebuild_cache run_tests test "
    "test_memcheck zero_check"
)
_OWN_FILES = "main model_under_test"

_RESERVED = {
    **dict.fromkeys(_C_KEYWORDS.split(), "a keyword of C"),
    **dict.fromkeys(_CPP_KEYWORDS.split(), "a keyword of C++"),
    **dict.fromkeys(_HEADERS.split(), "the name of a system's header"),
    **dict.fromkeys(_CMAKE_TARGETS.split(), "a target of CMake's own"),
    **dict.fromkeys(_OWN_FILES.split(), "the name of a file beside the network"),
}


# What converters and writers of files call a tensor that nobody named.
_NAMELESS = re.compile(
    r"(input|output|tensor|args|inputs|x|t|Identity|(Stateful)?PartitionedCall)(_?\d+)*"
)


def checked_name(name: str) -> str:
    """A name that the user gave, as it is.

    Raises:
      ModelError: it cannot be the prefix of the project; the message says why.
    """
    problem = _problem(name)
    if problem is not None:
        raise ModelError(f"'{_printable(name)}' {problem}: choose another --name")
    return name


def derived_name(stem: str) -> str:
    """A fit name from that of a file without its suffix; the same for the same file.

    Accents go, other characters become "_", what is reserved or begins with a digit gets "model_"
    before it, and a long name keeps the words at its end, which tell most, and a digest.
    """
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_") or "model"
    if _problem(name) is not None and len(name) <= LONGEST:
        name = f"model_{name}"
    if len(name) > _LONGEST_DERIVED:
        digest = hashlib.sha256(stem.encode(errors="surrogateescape")).hexdigest()[:_DIGEST]
        end = name[-(_SHORTENED - _DIGEST - 1) :]
        # From the beginning of a word on, where there is one.
        words = end.partition("_")[2] or end
        name = f"{words}_{digest}"
        name = name if _problem(name) is None else f"model_{name}"
    assert _problem(name) is None, name
    return name


def edge_names(graph: Graph, role: str) -> tuple[str, ...]:
    """What the file calls the inputs or outputs of a network, in their order.

    Args:
      graph: behind the passes, which may have put other tensors at its edges.
      role: "input" or "output".
    """
    indices, names = graph.edges, graph.input_names
    if role == "output":
        indices, names = graph.made, graph.output_names
    known = len(names) == len(indices)
    return names if known else tuple(graph.tensors[index].name for index in indices)


def function_names(names: Sequence[str]) -> tuple[str, ...]:
    """The end of a function's name for each edge; "" where its own name tells nothing, or clashes.

    Converters put "serving_default_" before a name and ":0" behind it.
    """
    found = []
    for name in names:
        plain = name.removeprefix("serving_default_").partition(":")[0]
        end = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")
        fits = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", end) and len(end) <= _LONGEST_DERIVED
        found.append(end if fits and not _NAMELESS.fullmatch(end) else "")
    lower = [end.lower() for end in found]
    return tuple(end if lower.count(end.lower()) == 1 else "" for end in found)


def _problem(name: str) -> str | None:
    """Why a name cannot be the prefix of a project, or None."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        return "is no C identifier of ASCII letters, digits and _ that begins with a letter"
    if len(name) > LONGEST:
        return f"has {len(name)} characters, more than {LONGEST}"
    # File systems may not tell capitals, and macros are made of capitals.
    lower = name.lower()
    if lower in _RESERVED:
        return f"is {_RESERVED[lower]}"
    if lower.startswith("kernels_"):
        return "begins as the kernels' headers do"
    return None


def _printable(name: str) -> str:
    """A name as text of one line, cut to what a message can hold."""
    text = name if len(name) <= LONGEST else f"{name[:LONGEST]}..."
    return "".join(c if c.isprintable() else "?" for c in text)
