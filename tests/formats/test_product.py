# SPDX-License-Identifier: Apache-2.0
"""The C as a product: dialects, compilers, other people's macros, licences and their list."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.emit.symbols import emitted_sources
from mcunet_tf.tinyengine.kernel_tables import KERNELS
from tests.formats.projects import FORMATS, needed, project
from tests.ops.programs import write_files
from tests.tinyengine.small_models import small_network

STRICT = "-Wall -Wextra -Wconversion -Wsign-conversion -Wpedantic -Wshadow -Werror".split()
DIALECTS = ("c99", "c11", "c17", "c2x")
CORES = {"": "cc", "dsp": "qemu-m4", "mve": "qemu-m55", "thumb": "qemu-m0"}

# Names that the headers of Arduino, Zephyr, ESP-IDF and newlib define, to what no C is made of.
MACROS = (
    "B0 B1 B10 PI HALF_PI TWO_PI DEG_TO_RAD EULER HIGH LOW INPUT OUTPUT INPUT_PULLUP SERIAL "
    "DISPLAY LSBFIRST MSBFIRST CHANGE FALLING RISING DEFAULT EXTERNAL INTERNAL A0 A1 SS SCK SDA "
    "BIT0 CS DC I2C USART1 TIM1 RST R0 SP PC CPU _B _N _C _L _P _S _U _X LED BLUE RED DEBUG ERROR"
).split()
CALLED = (
    "F min max abs constrain round radians degrees sq lowByte highByte bitRead bitSet bitClear "
    "bitWrite bit interrupts noInterrupts word BIT MIN MAX CLAMP ARRAY_SIZE ROUND_UP DIV_ROUND_UP "
    "IN_RANGE MHZ KB"
).split()


@pytest.fixture(scope="module")
def kernels(tmp_path_factory) -> Path:
    """All kernels as they are emitted, and two models that call some of them."""
    folder = tmp_path_factory.mktemp("kernels")
    rows = {k.name: k for table in KERNELS.values() for k in table if k.source is None}
    paths = set()
    for kernel in rows.values():
        stem = f"{kernel.folder}/{kernel.name}"
        suffix = ".S" if _is_assembler(stem) else ".c"
        paths |= {f"{stem}{suffix}", f"{kernel.folder}/{kernel.folder}.h", "common/rows.h"}
    write_files(folder, {f"kernels/{p}": t for p, t in emitted_sources(sorted(paths)).items()})
    for name, options in {"whole": {}, "rows": {"input_mode": "rows"}}.items():
        own = compile_tflite(small_network(), "portable", name=name, **options).files
        write_files(folder, {p: t for p, t in own.items() if "/" not in p and p != "main.c"})
    return folder


def _is_assembler(stem: str) -> bool:
    return (Path(__file__).parents[2] / "kernels" / f"{stem}.S").is_file()


def compiler(core: str) -> list[str]:
    if not core:
        return [needed("cc", "apt install gcc")]
    gcc = needed("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi")
    return [gcc, *load_board(CORES[core]).compiler_flags]


def sources(folder: Path, core: str) -> list[str]:
    """What is not empty for a core: its own kernels, or whatever any core runs."""
    fast = ("_dsp.c", "_mve.c", "_simd.c", "_thumb.c")
    found = sorted(folder.rglob("*.c"))
    wanted = [p for p in found if p.name.endswith(f"_{core}.c" if core else ".c")]
    kept = [p for p in wanted if core or not p.name.endswith(fast)]
    assert len(kept) > 3
    return [str(path) for path in kept]


def accept(command: list[str], folder: Path, paths: list[str]) -> None:
    whole = [*command, f"-I{folder}", "-fsyntax-only", *paths]
    done = subprocess.run(whole, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[:3000]


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize(
    "dialect",
    [d if d in ("c99", "c2x") else pytest.param(d, marks=pytest.mark.slow) for d in DIALECTS],
)
@pytest.mark.sampled(8)
def test_every_dialect_of_c(kernels, core, dialect):
    """Without extensions, and without a warning."""
    accept([*compiler(core), f"-std={dialect}", *STRICT], kernels, sources(kernels, core))


@pytest.mark.slow
def test_clang(kernels):
    clang = needed("clang", "apt install clang")
    accept([clang, "-std=c99", *STRICT], kernels, sources(kernels, ""))


@pytest.mark.parametrize("core", CORES)
@pytest.mark.sampled(4)
def test_macros_of_others_break_nothing(kernels, core, tmp_path):
    """Behind the C library's headers, which Arduino's and Zephyr's own include first."""
    system = ("stdint", "stddef", "string", "stdlib", "math")
    lines = [f"#include <{name}.h>" for name in system]
    for name in MACROS:
        lines += [f"#undef {name}", f"#define {name} @ broken by {name} @"]
    for name in CALLED:
        lines += [f"#undef {name}", f"#define {name}(...) @ broken by {name} @"]
    (tmp_path / "macros.h").write_text("\n".join(lines) + "\n")
    flags = ["-std=gnu11", "-include", str(tmp_path / "macros.h")]
    accept([*compiler(core), *flags], kernels, sources(kernels, core))


@pytest.mark.parametrize("standard", ["c++98", "c++11", "c++20"])
def test_headers_in_cpp(standard, tmp_path):
    """Those of a library in two forms and of one that is fed by rows."""
    cpp = shutil.which("g++")
    if cpp is None:
        pytest.skip("g++ is not installed: apt install g++")
    files = dict(project().files)
    files |= compile_tflite(small_network(), "portable", name="fed", input_mode="rows").files
    write_files(tmp_path, {p: t for p, t in files.items() if p.endswith(".h")})
    text = '#include "fed.h"\n#include "src/kws.h"\nint main() { return KWS_ARENA_BYTES == 0; }\n'
    (tmp_path / "main.cpp").write_text(text)
    accept([cpp, f"-std={standard}", *STRICT], tmp_path, [str(tmp_path / "main.cpp")])


# Licences


def test_every_file_names_its_licence():
    for path, text in project().files.items():
        if path.endswith((".json", ".svg", ".txt", ".properties")) and "CMake" not in path:
            continue  # forms without comments, and reports
        licence = "LicenseRef-Model" if re.search(r"_weights\.[ch]$", path) else "Apache-2.0"
        assert f"SPDX-License-Identifier: {licence}" in "\n".join(text.splitlines()[:2]), path


def test_the_bill_of_materials():
    model = small_network()
    compiled = compile_tflite(model, "qemu-m4", name="kws", formats=FORMATS)
    bill = json.loads(compiled.files["sbom.spdx.json"])
    listed = {entry["fileName"].removeprefix("./"): entry for entry in bill["files"]}
    assert set(listed) == set(compiled.files) - {"sbom.spdx.json"}
    for path, entry in listed.items():
        sums = {c["algorithm"]: c["checksumValue"] for c in entry["checksums"]}
        data = compiled.files[path].encode()
        assert sums["SHA256"] == hashlib.sha256(data).hexdigest()
        assert sums["SHA1"] == hashlib.sha1(data).hexdigest()
        own = "_weights" in path
        assert (entry["licenseConcluded"] == "NOASSERTION") == own
    known = {"SPDXRef-DOCUMENT", *(e["SPDXID"] for e in (*bill["files"], *bill["packages"]))}
    assert len(known) == 1 + len(bill["files"]) + len(bill["packages"])
    for relation in bill["relationships"]:
        assert {relation["spdxElementId"], relation["relatedSpdxElement"]} <= known
    (source,) = [p for p in bill["packages"] if p["primaryPackagePurpose"] == "FILE"]
    assert source["checksums"][0]["checksumValue"] == hashlib.sha256(model).hexdigest()


def test_the_bill_is_the_same_every_time(monkeypatch):
    first, second = (
        compile_tflite(small_network(), "portable", name="m").files["sbom.spdx.json"]
        for _ in range(2)
    )
    assert first == second and "1970-01-01T00:00:00Z" in first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1750000000")
    later = compile_tflite(small_network(), "portable", name="m").files["sbom.spdx.json"]
    assert "2025-06-15T15:06:40Z" in later
