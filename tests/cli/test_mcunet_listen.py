# SPDX-License-Identifier: Apache-2.0
"""`mcunet_listen` prints detections, gives the same bytes on a board, and says what is wrong."""

from __future__ import annotations

import os
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.audio import Detector, LogMel, join
from mcunet_tf.benchmark.listen import hear_on_host
from tests.audio.sounds import voice
from tests.audio.test_spotter import LABELS, network
from tests.cli.forked import ROOT, run_module

FLAGS = ["--labels=one,two,_other", "--coefficients=6", "--bands=20", "--hop=2", "--threshold=0.6"]
SPEECH = voice(32000, 4)


def write(path: Path, samples: np.ndarray, rate: int = 16000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(samples.dtype.itemsize)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.tflite").write_bytes(network())
    write(tmp_path / "speech.wav", SPEECH)
    return tmp_path


def listen(folder: Path, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, [path, str(ROOT)]))}
    return run_module("mcunet_tf.cli.mcunet_listen", list(arguments), folder, paths)


def test_detections_are_printed(folder):
    done = listen(folder, "net.tflite", "speech.wav", *FLAGS)
    assert done.returncode == 0, done.stderr
    held = Detector(LABELS, threshold=0.6)
    spotter = join(network(), LogMel(coefficients=6, bands=20), held, "host", hop=2)
    heard = hear_on_host(spotter, SPEECH)
    wanted = [
        f"{spotter.seconds(n):.2f} s {LABELS[word]}"
        for n, word in enumerate(heard.words)
        if word >= 0
    ]
    assert [" ".join(line.split()[:3]) for line in done.stdout.splitlines()] == wanted != []


@pytest.mark.qemu
def test_the_same_recording_on_a_board_gives_the_same_bytes(folder):
    short = write(folder / "short.wav", SPEECH[:12000])
    for on in ("host", "qemu-m4"):
        done = listen(folder, "net.tflite", short.name, f"--on={on}", f"--raw={on}", *FLAGS)
        assert done.returncode == 0, done.stderr
    assert (folder / "host").read_bytes() == (folder / "qemu-m4").read_bytes() != b""


def test_a_project_is_written(folder):
    done = listen(folder, "net.tflite", "--output=out", *FLAGS)
    assert done.returncode == 0, done.stderr
    assert (folder / "out" / "net_hear.h").is_file() and "net_hear.h" in done.stdout


@pytest.mark.slow
def test_a_microphone(folder):
    """A stand-in for the package gives two seconds, then ends as Ctrl-C does."""
    fake = folder / "fake"
    fake.mkdir()
    np.save(fake / "speech.npy", SPEECH)
    (fake / "sounddevice.py").write_text(
        "import numpy, os\n"
        "class PortAudioError(Exception): pass\n"
        "class RawInputStream:\n"
        "    def __init__(self, samplerate, channels, dtype, blocksize):\n"
        "        assert (samplerate, channels, dtype) == (16000, 1, 'int16')\n"
        "        here = os.path.dirname(__file__)\n"
        "        self.data = numpy.load(os.path.join(here, 'speech.npy')).tobytes()\n"
        "    def __enter__(self): return self\n"
        "    def __exit__(self, *_): return None\n"
        "    def read(self, size):\n"
        "        if len(self.data) < 2 * size: raise KeyboardInterrupt\n"
        "        data, self.data = self.data[:2 * size], self.data[2 * size:]\n"
        "        return data, False\n"
    )
    files = listen(folder, "net.tflite", "speech.wav", *FLAGS)
    spoken = listen(folder, "net.tflite", "--microphone", *FLAGS, path=str(fake))
    heard, wanted = spoken.stdout.splitlines(), files.stdout.splitlines()
    assert heard == wanted[: len(heard)] and len(heard) >= len(wanted) - 1 > 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "no model"),
        (["net.tflite"], "nothing to listen to"),
        (["net.tflite", "speech.wav", "--coefficients=5"], "gives rows of 5 features"),
        (["net.tflite", "speech.wav", "--labels=a,b"], "for 2 labels (a, b)"),
        (["net.tflite", "speech.wav", "--labels="], "give --labels=yes,no,_silence"),
        (["net.tflite", "speech.wav", "--hop=3"], "hop"),
        (["net.tflite", "speech.wav", "--hop=0"], "a hop of 0"),
        (["net.tflite", "speech.wav", "--threshold=1.5"], "threshold=1.5: give a number from 0"),
        (["net.tflite", "speech.wav", "--refractory=-1"], "refractory=-1: give a whole number"),
        (["net.tflite", "speech.wav", "--average=0"], "average=0: give a whole number from 1"),
        (["net.tflite", "speech.wav", "--features=micro"], "--coefficients is none of"),
        (["net.tflite", "speech.wav", "--on=abacus"], "abacus"),
        (["net.tflite", "missing.wav"], "cannot read missing.wav"),
        (["net.tflite", "fast.wav"], "has 44100 samples per second, not 16000"),
        (["net.tflite", "stereo.wav"], "has 2 channels that differ"),
        (["net.tflite", "deep.wav"], "samples of 32 bits that 16 bits do not hold exactly"),
        (["net.tflite", "cut.wav"], "is cut short"),
        (["net.tflite", "empty.wav"], "is empty"),
        (["net.tflite", "none.wav"], "holds no samples"),
        (["net.tflite", "click.wav"], "click.wav lasts 0.10 s, and the first result needs 0."),
        (["net.tflite", "speech.wav", "none.wav", "--output=made"], "holds no samples"),
        (["net.tflite", "speech.wav", "--microphone"], "sounddevice"),
    ],
)
@pytest.mark.sampled(3)
def test_one_line_says_what_is_wrong(folder, arguments, told):
    rng = np.random.default_rng(1)
    write(folder / "fast.wav", SPEECH, 44100)
    write(folder / "stereo.wav", SPEECH, channels=2)
    write(folder / "deep.wav", rng.integers(-(1 << 30), 1 << 30, 4000).astype(np.int32))
    (folder / "cut.wav").write_bytes((folder / "speech.wav").read_bytes()[:5000])
    (folder / "empty.wav").write_bytes(b"")
    write(folder / "none.wav", SPEECH[:0])
    write(folder / "click.wav", SPEECH[:1600])
    done = listen(folder, *FLAGS, *arguments)
    assert done.returncode == 1, done.stdout
    assert told in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not (folder / "made").exists() and not done.stdout
