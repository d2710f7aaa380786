# SPDX-License-Identifier: Apache-2.0
"""Listens to WAV files or a microphone with a network, and prints the words that it detects."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from absl import flags

from mcunet_tf.audio import Detector, FrontEnd, LogMel, Spotter, join, read_wav
from mcunet_tf.audio.spotter import SCORES
from mcunet_tf.benchmark.listen import Heard, hear_on_board, hear_on_host, host_ear, read_results
from mcunet_tf.cli.command import run_command
from mcunet_tf.errors import AudioError, McunetError, require_packages
from mcunet_tf.tinynas.stored import read_ear

_USAGE = "mcunet_listen MODEL.tflite|SEARCH_FOLDER [RECORDING.wav ...] [--microphone] [flags]"
_KINDS = ("mfcc", "log_mel", "librosa", "micro")
_SETTINGS = ("sample_rate", "window_ms", "hop_ms", "bands", "coefficients", "points")

Samples = npt.NDArray[Any]

_LABELS = flags.DEFINE_list("labels", [], "names of the outputs; those with a _ first are no words")
_FEATURES = flags.DEFINE_enum("features", "mfcc", _KINDS, "the front end")
for _name in _SETTINGS:
    flags.DEFINE_integer(_name, None, f"{_name} of the front end")
for _name in ("lower_hz", "upper_hz"):
    flags.DEFINE_float(_name, None, f"{_name} of the front end")
_HOP = flags.DEFINE_integer(
    "hop", None, "rows that a call of the streamed network takes [the network as it is]"
)
_STREAM = flags.DEFINE_enum("stream", "auto", ("auto", "windows", "endless"), "form of the stream")
_NEW_ROWS = flags.DEFINE_integer("new_rows", None, "without --hop: rows between two calls")
_THRESHOLD = flags.DEFINE_float("threshold", 0.5, "probability that averaged scores must reach")
_AS = flags.DEFINE_enum("outputs", "auto", tuple(SCORES), "what the network's outputs are")
_AVERAGE = flags.DEFINE_integer("average", 1, "results that scores are averaged over")
_REFRACTORY = flags.DEFINE_integer("refractory", 0, "results behind a detection that are none")
_ON = flags.DEFINE_string("on", "host", "host, or an emulated board, qemu-m4 for instance")
_SCORES = flags.DEFINE_bool("scores", False, "print every result, not only detections")
_RAW = flags.DEFINE_string("raw", None, "file that gets the bytes of all results, scores and words")
_OUTPUT = flags.DEFINE_string("output", None, "folder that gets the C project")
_MICROPHONE = flags.DEFINE_bool("microphone", False, "listen to the microphone (needs sounddevice)")


def run() -> NoReturn:
    """The console script."""
    run_command(main, __name__, _USAGE)


def main(argv: Sequence[str]) -> int:
    """Listens; 0, or an error that `run_command` prints in one line.

    Raises:
        McunetError: a file cannot be read, or the parts do not fit together.
    """
    if len(argv) < 2:
        raise McunetError(f"no model: {_USAGE}")
    model, recordings = Path(argv[1]), [Path(path) for path in argv[2:]]
    if not (recordings or _MICROPHONE.value or _OUTPUT.value):
        raise McunetError("nothing to listen to: name WAV files, or give --microphone or --output")
    if not _LABELS.value and not model.is_dir():
        raise McunetError("no labels: give --labels=yes,no,_silence, one for each output")
    spotter = _spotter(model)
    # Before anything is written or printed: what cannot be heard ends the command.
    if _MICROPHONE.value and spotter.board.name != "host":
        raise AudioError(f"--on={spotter.board.name} has no microphone: leave --on out")
    if _MICROPHONE.value:
        require_packages("listening to a microphone", "sounddevice")
    samples = [read_wav(path, spotter.front_end.sample_rate) for path in recordings]
    if _OUTPUT.value:
        spotter.emit(_OUTPUT.value)
        print(f"wrote {_OUTPUT.value}: {spotter.network.name}_hear.h says how it is called")
    several = len(recordings) > 1
    raw = b"".join(
        _listen(spotter, path, heard, several)
        for path, heard in zip(recordings, samples, strict=True)
    )
    if _RAW.value:
        Path(_RAW.value).write_bytes(raw)
    if _MICROPHONE.value:
        _microphone(spotter)
    return 0


def _spotter(model: Path) -> Spotter:
    labels, front_end, hop = tuple(_LABELS.value), None, _HOP.value
    if model.is_dir():
        model, ear, searched_hop = read_ear(model)
        if ear is None:
            raise AudioError(f"{model.parent} was not searched with spoken words: name its .tflite")
        front_end, hop = ear.front_end, searched_hop if hop is None else hop
        labels = labels or ear.labels
    detector = Detector(labels, _AVERAGE.value, _THRESHOLD.value, _REFRACTORY.value)
    options: dict[str, Any] = {"hop": hop, "stream": _STREAM.value}
    return join(
        model,
        front_end or _front_end(),
        detector,
        _ON.value,
        name=_c_name(model.stem),
        new_rows=_NEW_ROWS.value,
        scores=_AS.value,
        **options,
    )


def _c_name(stem: str) -> str:
    """A prefix for C of a file's name."""
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in stem.lower())
    return plain if plain[:1].isalpha() else f"ear_{plain}"


def _front_end() -> FrontEnd | LogMel:
    given = {name: flags.FLAGS[name].value for name in (*_SETTINGS, "lower_hz", "upper_hz")}
    settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    kind = _FEATURES.value
    if kind == "micro":
        extra = [name for name in ("coefficients", "points") if name in settings]
        if extra:
            raise AudioError(f"--{extra[0]} is none of --features=micro: leave it out")
        return FrontEnd(**settings)
    if kind == "mfcc":
        settings.setdefault("coefficients", 10)
    return LogMel.librosa(**settings) if kind == "librosa" else LogMel(**settings)


def _listen(spotter: Spotter, path: Path, samples: Samples, several: bool) -> bytes:
    if several:
        print(f"{path}:")
    on_host = spotter.board.name == "host"
    heard = hear_on_host(spotter, samples) if on_host else hear_on_board(spotter, samples)
    if not len(heard.words):
        lasts = len(samples) / spotter.front_end.sample_rate
        raise AudioError(
            f"{path} lasts {lasts:.2f} s, and the first result needs {spotter.seconds(0):.2f} s: "
            "record more"
        )
    _print(spotter, heard, 0)
    return heard.raw


def _print(spotter: Spotter, heard: Heard, first: int) -> None:
    labels = spotter.detector.labels
    for number, (word, scores) in enumerate(zip(heard.words, heard.scores, strict=True)):
        real = (scores.astype(np.float64) - spotter.zero_point) * spotter.scale
        told = f"{spotter.seconds(first + number):8.2f} s"
        if word >= 0:
            print(f"{told}  {labels[word]}  {real[word]:.2f}", flush=True)
        elif _SCORES.value:
            values = "  ".join(f"{a} {b:.2f}" for a, b in zip(labels, real, strict=True))
            print(f"{told}  - {values}", flush=True)


def _pieces(spotter: Spotter) -> Iterator[bytes]:
    """Samples of the microphone, a hop at a time."""
    import sounddevice

    front_end = spotter.front_end
    size = front_end.hop_samples * spotter.new_rows
    try:
        with sounddevice.RawInputStream(
            samplerate=front_end.sample_rate, channels=1, dtype="int16", blocksize=size
        ) as stream:
            while True:
                data, _ = stream.read(size)
                yield bytes(data)
    except sounddevice.PortAudioError as error:
        raise AudioError(f"the microphone does not work: {error}; plug one in") from error


def _microphone(spotter: Spotter) -> None:
    front_end, taken, results = spotter.front_end, 0, 0
    pieces = _pieces(spotter)
    with host_ear(spotter) as process:
        assert process.stdin and process.stdout
        print("listening; Ctrl-C ends it", file=sys.stderr)
        for piece in pieces:
            process.stdin.write(piece)
            process.stdin.flush()
            taken += len(piece) // 2
            rows = max(0, (taken - front_end.window_samples) // front_end.hop_samples + 1)
            calls = max(0, (rows - spotter.rows) // spotter.new_rows + 1) - spotter.warm_up
            if calls > results:
                _print(spotter, read_results(spotter, process.stdout, calls - results), results)
                results = calls


if __name__ == "__main__":
    run()
