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


def voice(count: int, seed: int = 0) -> npt.NDArray[np.int16]:
    """Something like speech: syllables of harmonics under two formants, hisses, and room noise."""
    rng = np.random.default_rng(seed)
    rate, time = 16000, np.arange(count) / 16000
    pitch = 110 * 2 ** (0.4 * np.sin(2 * np.pi * time * 0.7 + seed))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    formants = [500 + 300 * np.sin(5 * time + seed), 1500 + 700 * np.sin(3 * time)]
    wave = np.zeros(count)
    for harmonic in range(1, 36):
        level = sum(np.exp(-(((harmonic * pitch - f) / 180) ** 2)) for f in formants)
        wave += level * np.sin(harmonic * phase)
    loud = np.clip(np.sin(2 * np.pi * 2.5 * time), 0, 1) ** 2
    hiss = np.diff(rng.normal(size=count + 1)) * np.clip(-np.sin(2 * np.pi * 2.5 * time), 0, 1) ** 4
    made = 6000 * wave * loud + 1500 * hiss + rng.normal(size=count) * 12
    return np.clip(made, -32768, 32767).astype(np.int16)
