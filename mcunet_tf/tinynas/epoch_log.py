# SPDX-License-Identifier: Apache-2.0
"""What every epoch of a training gave and took, in a file of our own.

`epochs.csv` needs nothing but this module. Where TensorBoard is installed, its event files lie
beside it: TensorFlow brought TensorBoard up to 2.19 and later does not.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcunet_tf.errors import OutputError

LOG_NAME = "epochs.csv"
_COLUMNS = ("epoch", "phase", "loss", "seconds")


class EpochLog:
    """Appends a line per epoch, over all sittings of a training.

    Lines of epochs that a later sitting does again, as their checkpoint was lost, are kept: their
    time was spent.
    """

    def __init__(self, folder: Path):
        """Begins a sitting.

        Args:
            folder: of this training alone; it is made with the first line.
        """
        self.folder = folder
        self.last = time.monotonic()
        self.events = _event_writer(folder)

    def add(self, row: Mapping[str, Any]) -> None:
        """Writes one epoch, with the seconds since the one before or the begin of the sitting.

        Args:
            row: its number from 1 (`epoch`), `phase` and `loss`.

        Raises:
            OutputError: the disk is full, or the folder cannot be written.
        """
        now = time.monotonic()
        seconds, self.last = now - self.last, now
        path = self.folder / LOG_NAME
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            new = not path.exists()
            with path.open("a", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                if new:
                    writer.writerow(_COLUMNS)
                writer.writerow([row["epoch"], row["phase"], row["loss"], round(seconds, 3)])
        except OSError as error:
            raise OutputError(
                f"cannot write {path}: {error.strerror or error}; free space or choose another "
                "workdir, then start again: earlier checkpoints are kept"
            ) from error
        if self.events is not None:
            self.events(int(row["epoch"]) - 1, float(row["loss"]))


def read_seconds(folder: Path) -> float:
    """Seconds that all whole epochs of a training took, over all its sittings.

    Raises:
        OutputError: the folder holds no log, or a damaged one.
    """
    path = folder / LOG_NAME
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return sum(float(row["seconds"]) for row in csv.DictReader(file))
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror or error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise OutputError(f"{path} is damaged: delete it and train again") from error


def _event_writer(folder: Path) -> Any:
    """A function (step, loss) that writes TensorBoard's events; None where it is not installed.

    A log that only pictures what `epochs.csv` holds never ends a training: after a first error it
    is given up.
    """
    try:
        import tensorboard  # noqa: F401
        import tensorflow as tf

        writer = tf.summary.create_file_writer(str(folder))
        scalar = tf.summary.scalar
    except Exception:  # a TensorBoard of another version fails in ways of its own
        return None
    broken = False

    def write(step: int, loss: float) -> None:
        nonlocal broken
        if broken:
            return
        try:
            with writer.as_default(step=step):
                scalar("loss", loss)
                writer.flush()
        except Exception:
            broken = True

    return write
