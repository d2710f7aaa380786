# SPDX-License-Identifier: Apache-2.0
"""Writes a project to disk: everything or nothing."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Mapping

from mcunet_tf.errors import OutputError

# The first line of every C file of ours ends so; it marks a folder that may be replaced.
DO_NOT_EDIT = "Do not edit."
_HEAD_BYTES = 400


def write_project(files: Mapping[str, str], folder: pathlib.Path) -> None:
    """Writes beside the target first and moves it into place when it is complete.

    An earlier project of ours is replaced as a whole, and comes back if that fails.

    Raises:
      OutputError: the folder cannot be written, or holds files that are not ours.
    """
    try:
        _check_free(files, folder)
        target = folder.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = pathlib.Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            _write_files(files, temporary / "new")
            _exchange(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{folder}: {reason}; choose a folder you may write") from error


def _check_free(files: Mapping[str, str], folder: pathlib.Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder}: not a folder; choose another one with --output_dir")
    entries = sorted(folder.iterdir())
    known = {name.split("/")[0] for name in files}
    foreign = [p.name for p in entries if p.name not in known and not _is_emitted(p)]
    if entries and not foreign and not any(map(_is_emitted, entries)):
        foreign = [entries[0].name]
    if foreign:
        raise OutputError(
            f"{folder}: holds '{foreign[0]}', which is not an earlier output; choose another folder"
        )


def _is_emitted(path: pathlib.Path) -> bool:
    """Whether a file is C that an earlier run wrote, of this or of another model."""
    if path.suffix not in (".c", ".h") or not path.is_file():
        return False
    with path.open("rb") as file:
        return DO_NOT_EDIT.encode() in file.read(_HEAD_BYTES)


def _write_files(files: Mapping[str, str], folder: pathlib.Path) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _exchange(temporary: pathlib.Path, target: pathlib.Path) -> None:
    """Moves temporary/new to the target; what was there goes away only after that."""
    aside = temporary / "old"
    if target.exists():
        os.replace(target, aside)
    try:
        os.replace(temporary / "new", target)
    except OSError:
        with contextlib.suppress(OSError):
            os.replace(aside, target)
        raise
