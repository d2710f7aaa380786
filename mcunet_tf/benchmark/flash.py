# SPDX-License-Identifier: Apache-2.0
"""Puts an image onto a real board with the user's own tool."""

from __future__ import annotations

import shlex
from pathlib import Path

from mcunet_tf.check.toolchain import run_tool
from mcunet_tf.errors import ToolError

PLACEHOLDER = "{image}"
_SHORT_FORMS = {"pyocd": f"pyocd load {PLACEHOLDER}"}
_TIMEOUT_S = 180.0


def flash_image(command: str, image: Path) -> None:
    """Runs a flashing command, without a shell.

    Args:
        command: a command line with `{image}` where the ELF file goes; "pyocd" alone stands for
            `pyocd load`, which finds the chip by the probe on its board.
        image: the ELF file.

    Raises:
        ToolError: the command names no image, is not installed, fails or does not end.
    """
    words = shlex.split(_SHORT_FORMS.get(command.strip(), command))
    if PLACEHOLDER not in " ".join(words):
        raise ToolError(f"--flash_command names no image: put {PLACEHOLDER} where the file goes")
    try:
        run_tool([word.replace(PLACEHOLDER, str(image)) for word in words], _TIMEOUT_S)
    except FileNotFoundError as error:
        raise ToolError(f"{words[0]} is not installed: --flash_command cannot run") from error
