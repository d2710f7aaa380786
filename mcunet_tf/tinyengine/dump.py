# SPDX-License-Identifier: Apache-2.0
"""Writes what the compiler holds behind every step: `tflite_to_tinyengine --dump=FOLDER`."""

from __future__ import annotations

import pathlib

from mcunet_tf.errors import OutputError
from mcunet_tf.tinyengine.graph_text import graph_text
from mcunet_tf.tinyengine.ir import Graph

MARK = "# written by mcunet_tf --dump"


class Dump:
    """A folder of texts, one for each step, numbered in their order.

    Each is written as soon as the step is done, so that those before a refusal are there.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.steps = 0

    def graph(self, step: str, graph: Graph) -> None:
        """Writes the graph behind a step.

        Raises:
          OutputError: the folder cannot be written, or holds a file of that name that is not ours.
        """
        self.text(step, graph_text(graph))

    def text(self, step: str, text: str) -> None:
        """Writes the text of a step; see `graph`."""
        path = self.folder / f"{self.steps:02d}_{step}.txt"
        self.steps += 1
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if path.is_symlink() or (path.exists() and not _is_ours(path)):
                raise OutputError(f"{path}: not an earlier dump; choose another folder for --dump")
            path.write_text(f"{MARK}\n{text}", encoding="utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(
                f"{self.folder}: {reason}; choose a folder you may write for --dump"
            ) from error


def _is_ours(path: pathlib.Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK.encode()
