# SPDX-License-Identifier: Apache-2.0
"""`python -m mcunet_tf.cli.gestures`: gestures in made signals of an accelerometer, streamed.

The signals are a formula's, not a sensor's: circles, lines, shakes and rest, at many speeds, angles
and strengths, with gravity and noise. What is found for them says that the way works, not how well
it would tell gestures of people apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from absl import flags

from mcunet_tf.cli.command import run_command
from mcunet_tf.errors import McunetError, require_packages

GESTURES = ("rest", "circle", "line", "shake")
STEPS, HERTZ = 96, 50
"""Samples of a window, and their rate."""

Reals = npt.NDArray[np.float32]


def define_flags() -> None:
    """Declares the command's flags."""
    flags.DEFINE_float("minutes", 2.0, "Time of the search.", 0.2)
    flags.DEFINE_integer("signals", 2000, "Signals to train on.", 100)
    flags.DEFINE_integer("hop", 4, "New samples of each call.", 1)
    flags.DEFINE_integer("sram_bytes", 8_000, "Most bytes of arena and kept rows.", 1)
    flags.DEFINE_integer("flash_bytes", 48_000, "Most bytes of weights and code.", 1)
    flags.DEFINE_string("board", "qemu-m4", "What the C is for.")
    flags.DEFINE_integer("seed", 0, "Seed of signals and training.", 0)
    flags.DEFINE_string("output_dir", "out/gestures", "Folder of checkpoints, report and C.")


def made_signals(count: int, seed: int) -> tuple[Reals, npt.NDArray[np.int64]]:
    """(signals `[n, t, 3]` in units of g, their gestures `[n]`), of a formula.

    Args:
        count: number of signals.
        seed: of all that is drawn.
    """
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(count) % len(GESTURES))
    time = np.arange(STEPS) / HERTZ
    turns = rng.uniform(0.8, 1.6, (count, 1))
    turns = np.where((y == GESTURES.index("shake"))[:, None], 3 * turns + 1, turns)
    phase = 2 * np.pi * (turns * time + rng.random((count, 1)))
    flat = np.zeros_like(phase)
    first = np.where((y == GESTURES.index("rest"))[:, None], flat, np.sin(phase))
    second = np.where((y == GESTURES.index("circle"))[:, None], np.cos(phase), flat)
    moved = np.stack([first, second, flat], 2) * rng.uniform(0.3, 1.0, (count, 1, 1))
    # Held at any angle: a random rotation of what moves and of gravity.
    axes, _ = np.linalg.qr(rng.normal(size=(count, 3, 3)))
    gravity = np.array([0.0, 0.0, 1.0])
    signals = (moved + gravity) @ axes + rng.normal(0, 0.08, (count, STEPS, 3))
    return signals.astype(np.float32), y.astype(np.int64)


def main(arguments: Sequence[str]) -> int:
    """Searches, compiles the stream, and prints what a call costs.

    Raises:
        McunetError: nothing fits, or the folder belongs to another search.
    """
    if len(arguments) > 1:
        raise McunetError(f"'{arguments[1]}' is no flag: see --help")
    require_packages("the search", "tensorflow", "keras")
    import mcunet_tf

    values: Any = flags.FLAGS
    folder = Path(values.output_dir)
    found = mcunet_tf.search(
        made_signals(values.signals, values.seed),
        board=values.board,
        minutes=values.minutes,
        hop=values.hop,
        series=True,
        sram_bytes=values.sram_bytes,
        flash_bytes=values.flash_bytes,
        seed=values.seed,
        workdir=folder,
    )
    found.report(folder / "report.html")
    compiled = found.compile(folder / "gestures_c", name="gestures")
    test = made_signals(1000, values.seed + 1)
    share = found.evaluate(*test, on="host").scores["accuracy"]
    stream = compiled.stream
    assert stream is not None, "a search with a hop finds streams"
    print(f"{100 * share:.1f} % of 1,000 other signals, whole windows in int8 on this computer")
    print(
        f"a call takes {values.hop} samples of {values.board}: {found.cost.instructions:,} "
        f"instructions, {found.cost.sram_bytes:,} B of SRAM; form: {stream.form}"
    )
    print(f"wrote {folder / 'gestures_c'}: gestures.h says how it is called")
    return 0


def run() -> None:
    """Entry point of the module."""
    define_flags()
    run_command(main, __name__, "gestures [flags], as python -m mcunet_tf.cli.gestures")


if __name__ == "__main__":
    run()
