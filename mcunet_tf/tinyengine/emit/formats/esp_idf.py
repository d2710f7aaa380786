# SPDX-License-Identifier: Apache-2.0
"""An ESP-IDF component with an example: `idf_component.yml`, and a head in `CMakeLists.txt`."""

from __future__ import annotations

import re

from mcunet_tf.tinyengine.emit.example_facts import facts
from mcunet_tf.tinyengine.emit.formats import cmake
from mcunet_tf.tinyengine.emit.library import Library
from mcunet_tf.tinyengine.emit.render import render

_EXAMPLE = "examples/esp_idf"
_FILES = ("CMakeLists.txt", "main/CMakeLists.txt", "main/idf_component.yml", "main/main.c")
EXAMPLES = ("idf_component.yml", *cmake.EXAMPLES, *(f"{_EXAMPLE}/{name}" for name in _FILES))
ANY_CORE = True

# Components of ESP-IDF 5, which a component of the same name would replace.
_COMPONENTS = frozenset(
    "app_trace app_update bootloader bootloader_support bt cmock console cxx driver efuse "
    "espcoredump esptool_py fatfs freertos hal heap http_parser idf_test ieee802154 json log "
    "lwip main mbedtls mqtt newlib nvs_flash nvs_sec_provider openthread partition_table "
    "perfmon protobuf_c protocomm pthread riscv rt sdmmc soc spi_flash spiffs tcp_transport "
    "touch_element ulp unity usb vfs wear_levelling wifi_provisioning wpa_supplicant xtensa".split()
)


def refused_name(name: str) -> str | None:
    """A component of that name would replace one of ESP-IDF's own."""
    if name.lower() in _COMPONENTS or re.match(r"esp_|idf_", name.lower()):
        return "is, or may become, the name of a component of ESP-IDF"
    return None


def cmake_head(library: Library) -> str:
    """What makes the folder a component; CMake's own part is for others."""
    return render("esp_idf/head.cmake.j2", facts(library))


def project_files(library: Library) -> dict[str, str]:
    """The library's own files, the component's manifest, and an example."""
    given = facts(library)
    example = {
        "CMakeLists.txt": render("esp_idf/example_CMakeLists.txt.j2", given),
        "main/CMakeLists.txt": render("esp_idf/main_CMakeLists.txt.j2", given),
        "main/idf_component.yml": render("esp_idf/main_component.yml.j2", given),
        "main/main.c": render("examples/esp_idf.c.j2", given),
    }
    return {
        **cmake.project_files(library),
        "idf_component.yml": render("esp_idf/idf_component.yml.j2", given),
        **{f"{_EXAMPLE}/{name}": text for name, text in example.items()},
    }
