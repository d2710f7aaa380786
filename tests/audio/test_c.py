# SPDX-License-Identifier: Apache-2.0
"""The C form equals the numpy form, on this computer and on an emulated board."""

import functools
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.audio import (
    FrontEnd,
    GainControl,
    Int8Output,
    LogMel,
    NoiseReduction,
    QuantizedOutput,
)
from mcunet_tf.benchmark.plugin import plugin_refusal
from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.boards import load_board
from mcunet_tf.check.host import SANITIZER_FLAGS
from mcunet_tf.check.toolchain import find_tool, run_tool
from mcunet_tf.check.toolchain import write_sources as write_files
from mcunet_tf.errors import ModelError, OutputError
from tests.audio.sounds import KINDS, sound

FRONT_ENDS = {
    "default": FrontEnd(),
    "int8": FrontEnd(hop_ms=20, output=Int8Output()),
    "plain": FrontEnd(noise_reduction=None, gain_control=None, log_shift=None, bands=128),
    "gain": FrontEnd(
        noise_reduction=NoiseReduction(4, 1.0, 0.0, 1.0), gain_control=GainControl(0.5, 20.0, 22)
    ),
    "radix2": FrontEnd(sample_rate=8000, window_ms=32, hop_ms=32, bands=13, upper_hz=3900.0),
    "odd": FrontEnd(sample_rate=11025, window_ms=15, hop_ms=7, bands=64, upper_hz=5000.0),
    "long": FrontEnd(sample_rate=44100, window_ms=40, bands=8, upper_hz=20000.0, log_shift=11),
    "log_mel": LogMel(),
    "mfcc": LogMel(coefficients=10, output=QuantizedOutput(0.58, 83)),
    "librosa": LogMel.librosa(hop_ms=10, bands=64, window_ms=32),
    "librosa_mfcc": LogMel.librosa(coefficients=13, output=QuantizedOutput(2.0, 0), bands=26),
    "odd_mel": LogMel(sample_rate=11025, window_ms=15, hop_ms=7, bands=20, points=512, power=2),
    "long_mel": LogMel(
        sample_rate=44100, window_ms=40, bands=80, upper_hz=20000.0, least=1e-5, offset=0.0
    ),
    "short": FrontEnd(window_ms=3, hop_ms=1, bands=1, output=Int8Output(3, 1, -128)),
}
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror".split()

HOST_MAIN = """
#include <stdio.h>
#include <string.h>
#include "ear.h"

static int16_t heard[5000];

int main(void) {
  static struct ear_state state;
  static struct ear_scratch scratch;
  memset(&state, 0xA5, sizeof state);
  memset(&scratch, 0xA5, sizeof scratch);
  ear_reset(&state);
  uint32_t piece = 1;
  for (;;) {
    piece = piece * 1664525u + 1013904223u;
    const int16_t *samples = heard;
    int32_t count = (int32_t)fread(heard, 2, piece >> 16 & 1 ? piece >> 20 : piece >> 28, stdin);
    if (count == 0 && feof(stdin)) {
      return 0;
    }
    TYPE row[EAR_VALUES];
    while (ear_hear(&state, &scratch, &samples, &count, row)) {
      fwrite(row, sizeof row, 1, stdout);
    }
    if (count != 0) {
      return 1;
    }
  }
}
"""


def host_program(front_end, folder, flags):
    kind = f"{np.dtype(front_end.feature_type).name}_t"
    files = {**front_end.source_files(board="portable"), "main.c": HOST_MAIN}
    files["main.c"] = files["main.c"].replace("TYPE", kind)
    sources = write_files(folder, files)
    program = folder / "hear"
    run_tool([find_tool("cc"), *flags, f"-I{folder}", *map(str, sources), "-o", str(program)])
    return program


@pytest.fixture(scope="module")
def programs():
    """Gives a front end's program on this computer, with the sanitizers and without warnings."""
    with tempfile.TemporaryDirectory() as folder:

        @functools.cache
        def program(name):
            flags = ("-std=c11", *WARNINGS, *SANITIZER_FLAGS)
            return host_program(FRONT_ENDS[name], Path(folder) / name, flags)

        yield program


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FRONT_ENDS)
@pytest.mark.sampled(20)
def test_c_on_this_computer_equals_numpy(name, kind, programs):
    front_end = FRONT_ENDS[name]
    samples = sound(kind, front_end.sample_rate * 2, seed=5)
    done = subprocess.run(
        [programs(name)], input=samples.tobytes(), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    expected = front_end.features(samples)
    rows = np.frombuffer(done.stdout, expected.dtype).reshape(-1, front_end.row_values)
    np.testing.assert_array_equal(rows, expected)
    assert len(rows) > 10


BOARD_MAIN = """
#include <string.h>
#include "ear.h"
#include "region.h"

static const int16_t heard[] = {THE_SAMPLES};

__attribute__((noinline, aligned(64))) static int32_t counted(
    struct ear_state *state, struct ear_scratch *scratch, const int16_t **samples, int32_t *count,
    TYPE *row) {
  REGION_BEGIN();
  const int32_t more = ear_hear(state, scratch, samples, count, row);
  REGION_END();
  return more;
}

int main(void) {
  static struct ear_state state;
  static struct ear_scratch scratch;
  static TYPE row[EAR_VALUES];
  const int16_t *samples = heard;
  int32_t left = sizeof heard / sizeof *heard;
  memset(&scratch, 0xA5, sizeof scratch);
  while (left > 0) {
    int32_t count = left < EAR_HOP_SAMPLES ? left : EAR_HOP_SAMPLES;
    left -= count;
    while (counted(&state, &scratch, &samples, &count, row)) {
      region_write(row, sizeof row);
    }
  }
  return 0;
}
"""


def run_on_board(front_end, board, samples):
    """Rows, and the instructions of each call."""
    kind = f"{np.dtype(front_end.feature_type).name}_t"
    main = BOARD_MAIN.replace("TYPE", kind).replace("THE_SAMPLES", ",".join(map(str, samples)))
    run = run_elf({**front_end.source_files(board=board), "main.c": main}, board)
    rows = np.frombuffer(run.stdout, front_end.feature_type)
    return rows.reshape(-1, front_end.row_values), run


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55", "qemu-m0"])
@pytest.mark.parametrize("name", FRONT_ENDS)
@pytest.mark.sampled(20)
def test_c_on_a_board_equals_numpy(name, board):
    front_end = FRONT_ENDS[name]
    pieces = [sound(kind, front_end.window_samples * 3, seed=3) for kind in KINDS]
    samples = np.concatenate(pieces)[: 120 * front_end.hop_samples]
    rows, _ = run_on_board(front_end, board, samples)
    np.testing.assert_array_equal(rows, front_end.features(samples))


@pytest.mark.qemu
@pytest.mark.parametrize(("fast", "slow"), [("qemu-m4", "qemu-m3"), ("qemu-m55", "qemu-m4")])
def test_a_hop_takes_far_fewer_instructions_with_its_own_kernels(fast, slow):
    if plugin_refusal(load_board("qemu-m4").core.architecture.emulator):
        pytest.skip("QEMU loads no plugin: nothing is counted")
    samples = sound("bursts", 2400)
    counts = {}
    for board in (fast, slow):
        _, run = run_on_board(FrontEnd(), board, samples)
        counts[board] = run.regions[-2].instructions
    assert counts[fast] < 0.7 * counts[slow], counts


def test_a_state_that_nobody_reset_is_begun_anew(tmp_path):
    main = """
    #include <string.h>
    #include "ear.h"
    int main(void) {
      static struct ear_state state, zeros;
      static struct ear_scratch scratch;
      static int16_t silence[EAR_WINDOW_SAMPLES];
      uint16_t row[EAR_BANDS];
      const int16_t *samples = silence;
      int32_t count = EAR_WINDOW_SAMPLES;
      memset(&state, 0xA5, sizeof state);
      if (ear_hear(&state, &scratch, &samples, &count, row) != 1) return 1;
      count = -3;
      if (ear_hear(&state, &scratch, &samples, &count, row) != 0) return 2;
      return memcmp(state.averages, zeros.averages, sizeof zeros.averages) ? 3 : 0;
    }
    """
    sources = write_files(tmp_path, {**FrontEnd().source_files(board="portable"), "main.c": main})
    for flags, ends in (((), True), (("-DTINYENGINE_DEBUG",), False)):
        program = tmp_path / "program"
        command = [find_tool("cc"), *flags, f"-I{tmp_path}", *map(str, sources)]
        run_tool([*command, "-o", str(program)])
        done = subprocess.run([program], capture_output=True, check=False)
        assert (done.returncode == 0) == ends
        assert ends or b"reset before" in done.stderr or b"known" in done.stderr


def test_it_is_written_as_projects_are(tmp_path):
    FrontEnd().emit(tmp_path / "ear", "mic", "qemu-m4")
    assert "audio_transform_dsp" in (tmp_path / "ear" / "mic.c").read_text()
    FrontEnd().emit(tmp_path / "ear", "mic", "qemu-m55")
    assert "audio_transform_mve" in (tmp_path / "ear" / "mic.c").read_text()
    FrontEnd(hop_ms=20).emit(tmp_path / "ear", "mic")
    assert "MIC_HOP_SAMPLES 320" in (tmp_path / "ear" / "mic.h").read_text()
    with pytest.raises(ModelError, match="'2' is no C identifier"):
        FrontEnd().emit(tmp_path / "other", "2")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        FrontEnd().emit(tmp_path / "file")
