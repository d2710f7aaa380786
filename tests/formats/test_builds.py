# SPDX-License-Identifier: Apache-2.0
"""One folder for all formats, built by each platform's own tools as far as they can be had.

Arduino's build tool, CMake and make run for real, and what they build runs. PlatformIO's packer and
the Pico SDK are used where they are installed. The CMake files for Zephyr and ESP-IDF are evaluated
by CMake with functions that stand for theirs, and their examples are compiled against headers that
stand for theirs: checked, not built.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path

import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.check.toolchain import find_tool
from mcunet_tf.errors import BudgetError, ModelError
from mcunet_tf.tinyengine import compile_tflite
from tests.formats.projects import (
    FORMATS,
    check_told,
    needed,
    project,
    write_arduino_core,
    zero_point_outputs,
)
from tests.ops.programs import write_files
from tests.tinyengine.small_models import small_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("all") / "kws"
    project().write(path)
    return path


def run(command: list[str], **options) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}"
    return done.stdout


def printed_values(text: str) -> list[int]:
    return [int(line.split()[0]) for line in text.splitlines()]


def test_make(folder, tmp_path):
    needed("make", "apt install make")
    run(["make", "-C", str(folder), "example"])
    told = run([str(folder / "example")])
    assert printed_values(told) == zero_point_outputs(project()).tolist()
    run(["make", "-C", str(folder), "clean"])
    assert not list(folder.rglob("*.o"))


def test_make_for_a_core(folder):
    needed("make", "apt install make")
    needed("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi")
    flags = " ".join(load_board("qemu-m4").compiler_flags)
    tools = ["CC=arm-none-eabi-gcc", "AR=arm-none-eabi-ar", f"CPUFLAGS={flags}"]
    run(["make", "-C", str(folder), *tools])
    listed = run(["arm-none-eabi-nm", str(folder / "libkws.a")])
    run(["make", "-C", str(folder), "clean"])
    assert "conv2d_s8_dsp_" in listed
    assert not [n for n in listed.splitlines() if " T " in n and "kws_input" in n]


def test_cmake_installs_what_find_package_finds(folder, tmp_path):
    needed("cmake", "apt install cmake")
    prefix = tmp_path / "prefix"
    run(["cmake", "-S", str(folder), "-B", str(tmp_path / "b"), f"-DCMAKE_INSTALL_PREFIX={prefix}"])
    run(["cmake", "--build", str(tmp_path / "b")])
    run(["cmake", "--install", str(tmp_path / "b")])
    user = tmp_path / "user"
    user.mkdir()
    (user / "main.c").write_text((folder / "main.c").read_text())
    (user / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(user C)\nfind_package(kws REQUIRED)\n"
        "add_executable(user main.c)\ntarget_link_libraries(user kws::kws)\n"
    )
    run(["cmake", "-S", str(user), "-B", str(tmp_path / "u"), f"-DCMAKE_PREFIX_PATH={prefix}"])
    run(["cmake", "--build", str(tmp_path / "u")])
    told = run([str(tmp_path / "u" / "user")])
    assert printed_values(told) == zero_point_outputs(project()).tolist()


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m0"])
def test_arduino(folder, tmp_path, board):
    """The sketch as it is, for the core that the model was compiled for and for one that is not."""
    builder = needed("arduino-builder", "apt install arduino-builder")
    needed("arm-none-eabi-g++", "apt install gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib")
    needed("qemu-system-arm", "apt install qemu-system-arm")
    hardware = write_arduino_core(tmp_path, board)
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    (libraries / "kws").symlink_to(folder)
    build = tmp_path / "build"
    build.mkdir()
    sketch = folder / "examples" / "kws_demo" / "kws_demo.ino"
    run(
        [
            builder, "-compile", "-hardware", str(hardware), "-tools", "/usr/bin",
            "-libraries", str(libraries), "-fqbn", "test:arm:emulated",
            "-build-path", str(build), "-warnings", "all", str(sketch),
        ]
    )  # fmt: skip
    image = build / "kws_demo.ino.elf"
    fast = "conv2d_s8_dsp_" in run(["arm-none-eabi-nm", str(image)])
    assert fast == (board == "qemu-m4")
    machine = load_board(board).runner.machine
    told = run(
        [
            "qemu-system-arm", "-M", machine, "-display", "none", "-monitor", "none",
            "-serial", "none", "-chardev", "stdio,id=out",
            "-semihosting-config", "enable=on,target=native,chardev=out", "-kernel", str(image),
        ]
    )  # fmt: skip
    check_told(told, project())


def test_arduinos_own_files(folder):
    """The library's description, as the specification wants it."""
    lines = (folder / "library.properties").read_text().splitlines()
    entries = dict(line.split("=", 1) for line in lines)
    wanted = "name version author maintainer sentence paragraph category url architectures".split()
    assert all(entries[key] for key in wanted)
    assert (folder / "src" / entries["includes"]).is_file()
    assert not list(folder.glob("*.ino")) and not (folder / "utility").exists()
    for line in (folder / "keywords.txt").read_text().splitlines():
        name, tab, kind = line.partition("\t")
        assert name.startswith("kws_") and tab and kind == "KEYWORD2"


def test_conan_creates_the_package_and_tries_it(folder, tmp_path):
    conan = needed("conan", "pip install conan")
    run(["cp", "-r", f"{folder}/.", str(tmp_path / "kws")])
    home = {**os.environ, "CONAN_HOME": str(tmp_path / "home")}
    run([conan, "profile", "detect"], env=home)
    done = subprocess.run(
        [conan, "create", str(tmp_path / "kws")],
        capture_output=True,
        text=True,
        timeout=300,
        env=home,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    # Conan talks to stderr, programs that it runs to either.
    told = (done.stdout + done.stderr).partition("RUN: ./example")[2]
    values = [int(line.split()[0]) for line in told.splitlines() if line.strip()]
    assert values == zero_point_outputs(project()).tolist()


@pytest.mark.parametrize("name", ["Keyword", "k"])
def test_a_name_that_conan_forbids(name):
    with pytest.raises(ModelError, match=f"'{name}' is no name of a Conan package.*choose another"):
        compile_tflite(small_network(), "portable", name=name, formats="conan")


def test_platformio_packs_it(folder, tmp_path):
    pio = needed("pio", "pip install platformio")
    manifest = json.loads((folder / "library.json").read_text())
    # Its check of licences asks the network.
    (tmp_path / "kws").mkdir()
    run(["cp", "-r", f"{folder}/.", str(tmp_path / "kws")])
    del manifest["license"]
    (tmp_path / "kws" / "library.json").write_text(json.dumps(manifest))
    run([pio, "pkg", "pack", "-o", str(tmp_path / "kws.tar.gz"), str(tmp_path / "kws")])
    packed = run(["tar", "tzf", str(tmp_path / "kws.tar.gz")]).split()
    assert "src/kws.h" in packed and "examples/platformio/src/main.cpp" in packed


def test_platformios_manifest(folder):
    manifest = json.loads((folder / "library.json").read_text())
    assert (folder / manifest["build"]["srcDir"]).is_dir()
    for header in manifest["headers"]:
        assert (folder / manifest["build"]["includeDir"] / header).is_file()
    for example in manifest["examples"]:
        for name in example["files"]:
            assert (folder / example["base"] / name).is_file()


def test_pico_sdk(folder, tmp_path):
    """For the RP2040, which has no DSP instructions, and the RP2350, which has."""
    if not os.environ.get("PICO_SDK_PATH"):
        pytest.skip("PICO_SDK_PATH names no Pico SDK")
    needed("arm-none-eabi-g++", "apt install gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib")
    for board, fast in (("pico", False), ("pico2", True)):
        build = str(tmp_path / board)
        example = str(folder / "examples" / "pico")
        options = [f"-DPICO_BOARD={board}", "-DPICO_NO_PICOTOOL=1"]
        run(["cmake", "-S", example, "-B", build, *options])
        run(["cmake", "--build", build])
        image = str(tmp_path / board / "kws_pico.elf")
        assert ("conv2d_s8_dsp_" in run(["arm-none-eabi-nm", image])) == fast


# Functions of Zephyr's and ESP-IDF's build, as far as they are called: a static library of a name.
ZEPHYR = """
cmake_minimum_required(VERSION 3.13)
project(check C ASM)
set(CONFIG_TINYENGINE_KWS y)
function(zephyr_library_named name)
  add_library(${name} STATIC)
endfunction()
function(zephyr_library_sources)
  foreach(source ${ARGN})
    get_filename_component(path ${source} ABSOLUTE)
    target_sources(tinyengine_kws PRIVATE ${path})
  endforeach()
endfunction()
function(zephyr_library_compile_options)
  target_compile_options(tinyengine_kws PRIVATE ${ARGN})
endfunction()
function(zephyr_include_directories)
  foreach(folder ${ARGN})
    get_filename_component(path ${folder} ABSOLUTE)
    target_include_directories(tinyengine_kws PUBLIC ${path})
  endforeach()
endfunction()
add_subdirectory(FOLDER/zephyr zephyr)
add_executable(example EXAMPLE)
target_link_libraries(example PRIVATE tinyengine_kws)
target_include_directories(example PRIVATE STUBS)
"""
ESP_IDF = """
cmake_minimum_required(VERSION 3.13)
project(check C ASM)
set(ESP_PLATFORM 1)
set(COMPONENT_LIB kws)
function(idf_component_register)
  cmake_parse_arguments(given "" "" "SRCS;INCLUDE_DIRS" ${ARGN})
  add_library(kws STATIC ${given_SRCS})
  target_include_directories(kws PUBLIC ${given_INCLUDE_DIRS})
endfunction()
add_subdirectory(FOLDER component)
add_executable(example EXAMPLE)
target_link_libraries(example PRIVATE kws)
target_include_directories(example PRIVATE STUBS)
"""
STUBS = {
    "zephyr/kernel.h": """
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#define __aligned(n) __attribute__((aligned(n)))
#define printk printf
#define K_SECONDS(n) (n)
#define k_cycle_get_32() 0u
#define k_cyc_to_us_floor32(n) (n)
#define k_sleep(n) exit(0)
""",
    "zephyr/sys/printk.h": "",
    "esp_log.h": '#include <stdio.h>\n#define ESP_LOGI(tag, ...) (printf("%s ", tag), '
    'printf(__VA_ARGS__), printf("\\n"))\n',
    "esp_timer.h": "#include <stdint.h>\n#define esp_timer_get_time() ((int64_t)0)\n",
    "freertos/FreeRTOS.h": "#include <stdbool.h>\n#define pdMS_TO_TICKS(n) (n)\n",
    "freertos/task.h": "#include <stdlib.h>\n#define vTaskDelay(n) exit(0)\n"
    "void app_main(void);\nint main(void) { app_main(); }\n",
}
CHECKED = {
    "zephyr": (ZEPHYR, "samples/kws/src/main.c"),
    "esp-idf": (ESP_IDF, "examples/esp_idf/main/main.c"),
}


@pytest.mark.parametrize("name", CHECKED)
def test_cmake_files_of(name, folder, tmp_path):
    needed("cmake", "apt install cmake")
    lists, example = CHECKED[name]
    for path, text in STUBS.items():
        (tmp_path / "stubs" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "stubs" / path).write_text(text)
    places = {"FOLDER": folder, "EXAMPLE": folder / example, "STUBS": tmp_path / "stubs"}
    for word, place in places.items():
        lists = lists.replace(word, str(place))
    (tmp_path / "CMakeLists.txt").write_text(lists)
    run(["cmake", "-S", str(tmp_path), "-B", str(tmp_path / "b")])
    run(["cmake", "--build", str(tmp_path / "b")])
    check_told(run([str(tmp_path / "b" / "example")]), project())


def test_all_sources_stand_in_every_build_file(folder):
    """What one build system compiles, every other one compiles."""
    sources = {
        p.relative_to(folder) for p in (folder / "src").rglob("*") if p.suffix in (".c", ".S")
    }
    assert sources
    build_files = ("CMakeLists.txt", "Makefile", "zephyr/CMakeLists.txt", "mcunet_tf.kws.pdsc")
    for name in build_files:
        text = (folder / name).read_text()
        assert all(str(path) in text for path in sources), name


def test_every_format_is_here():
    assert {
        "arduino",
        "cmake",
        "cmsis-pack",
        "conan",
        "esp-idf",
        "make",
        "pico-sdk",
        "platformio",
        "zephyr",
    } <= (set(FORMATS))


def test_a_warning_is_an_error_for_both_forms(folder, tmp_path):
    """Sources of either form are whole C files where they are empty, too."""
    flags = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    for path in sorted((folder / "src").glob("*.c")):
        run([find_tool("cc"), *flags, f"-I{folder / 'src'}", str(path)])


def test_where_portable_c_does_not_fit(tmp_path):
    """Memories of given sizes may hold the board's plan alone: other cores stop at one line."""
    needed("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi")
    compiled = compile_tflite(small_network(), "qemu-m4", name="m")
    compiled = dataclasses.replace(compiled, portable_project=_never_fits).laid_out("arduino")
    assert "src/m.c" in compiled.files and "src/m_any.c" not in compiled.files
    write_files(tmp_path, compiled.files)
    source, include = str(tmp_path / "src" / "m.c"), f"-I{tmp_path / 'src'}"
    done = subprocess.run(
        [find_tool("cc"), include, "-fsyntax-only", source], capture_output=True, text=True
    )
    assert done.returncode and '#error "m was compiled for qemu-m4' in done.stderr
    flags = load_board("qemu-m4").compiler_flags
    run([find_tool("arm-none-eabi-gcc"), *flags, include, "-fsyntax-only", source])


def _never_fits():
    raise BudgetError("no plan fits")
