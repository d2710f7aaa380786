# SPDX-License-Identifier: Apache-2.0
"""Writes a project to disk: everything or nothing."""

from __future__ import annotations

import os
import pathlib
import shutil
import tempfile
from collections.abc import Mapping

from mcunet_tf.errors import OutputError

# Marks a folder as ours, so that it may be replaced.
REPORT_FILE = "report.txt"


def write_project(files: Mapping[str, str], folder: pathlib.Path) -> None:
    """Writes beside the target first and moves it into place when it is complete.

    Raises:
      OutputError: the folder cannot be written, or holds files that are not a project of ours.
    """
    occupied = folder.is_dir() and any(folder.iterdir())
    if (occupied and not (folder / REPORT_FILE).is_file()) or folder.is_file():
        raise OutputError(f"{folder}: not empty, and no earlier output; choose another folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = pathlib.Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; choose a folder you may write") from error
    try:
        temporary.chmod(0o777 & ~_umask())
        for name, text in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(temporary, folder)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; choose a folder you may write") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
