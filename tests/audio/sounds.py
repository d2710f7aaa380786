# SPDX-License-Identifier: Apache-2.0
"""Made sounds that reach all the corners of a front end."""

import numpy as np
import numpy.typing as npt

KINDS = ("noise", "bursts", "clicks", "square", "lowest", "quiet")


def sound(kind: str, count: int, seed: int = 0) -> npt.NDArray[np.int16]:
    """So many samples of one kind."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    wave = rng.normal(size=count) * 10 ** rng.uniform(0.5, 4.4)
    if kind == "bursts":
        wave *= np.exp(2 * rng.normal(size=count // 160 + 1)).repeat(160)[:count]
        wave[count // 3 : count // 2] = 0
    elif kind == "clicks":
        wave = np.where(rng.random(count) < 0.01, 10 * wave, 0)
    elif kind == "square":
        wave = np.where(rng.random(count) < 0.5, -32768, 32767)
    elif kind == "lowest":  # -32768 alone has no magnitude in int16
        wave = np.where(rng.random(count) < 0.002, -32768, 0)
    elif kind == "quiet":
        wave = rng.integers(-2, 3, count)
    return np.clip(wave, -32768, 32767).astype(np.int16)
