# SPDX-License-Identifier: Apache-2.0
"""`mcunet_search`: a folder of images becomes C for a board; what is wrong is one line."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

CLASSES = ("left", "middle", "right")


def search(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mcunet_tf.cli.mcunet_search", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Noise with a bright bar on the left, in the middle or on the right."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for index, name in enumerate(CLASSES):
        (folder / name).mkdir()
        for number in range(60):
            pixels = rng.integers(0, 100, (16, 16, 1), dtype=np.uint8)
            pixels[:, 1 + 5 * index : 5 + 5 * index] += 100
            (folder / name / f"{number}.png").write_bytes(tf.io.encode_png(pixels).numpy())
    return folder


@pytest.mark.slow
def test_a_folder_of_images_becomes_c_for_a_board(photos, tmp_path):
    small = ["--size=16", "--channels=1", "--quick", "--augmentation=none", "--epochs=12"]
    limits = ["--board=stm32f412", "--sram_bytes=8000", "--flash_bytes=60000"]
    given = [f"--data={photos}", f"--output_dir={tmp_path}", *small, *limits]
    run = search(*given, timeout=900)
    assert run.returncode == 0, run.stderr
    for name in ("model.keras", "model.tflite", "report.html", "project/model.c"):
        assert (tmp_path / name).is_file(), name
    assert "3 classes" in run.stdout
    summary = next(line for line in run.stdout.splitlines() if "of the validation images" in line)
    accuracy, sram, flash = (float(summary.replace(",", "").split()[i]) for i in (0, 6, 9))
    assert accuracy > 60
    assert sram <= 8000 and flash <= 60_000
    again = search(*given, timeout=300)
    assert summary in again.stdout


# The command's frame around a search of seconds.
COMMAND = """
import sys
from mcunet_tf.cli.command import run_command
from mcunet_tf.tinynas.progress_lines import ProgressLines

def main(arguments):
    import mcunet_tf
    from tests.tinynas.test_search import arguments as given
    from tests.tinynas.tiny import images

    result = mcunet_tf.search(images(), **given(arguments[1], verbose=True, epochs=3))
    result.compile(arguments[1] + "/project")
    ProgressLines().say("finished")
    return 0

run_command(main, __name__, "tiny_search")
"""
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_search_that_is_told_to_end_leaves_what_it_can_go_on_from(tmp_path):
    """SIGTERM in the supernet's training: no traceback, no temporary files, a second sitting."""
    temporary, folder = tmp_path / "tmp", tmp_path / "out"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    deadline = time.monotonic() + 120
    while not list(folder.glob("supernet-*.ckpt")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, complaint = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in complaint
    assert list(temporary.iterdir()) == []
    assert not (folder / "model.tflite").exists()
    again = [sys.executable, "-c", COMMAND, str(folder)]
    done = subprocess.run(again, capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "are done already" in done.stdout and "finished" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["| true", "<&- >&- 2>&-"], ids=["pipe", "closed"])
def test_a_search_goes_on_where_nobody_reads_its_output(tmp_path, ending):
    """Its pipe is closed, or it has no standard streams at all: the results are files."""
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(COMMAND)} {shlex.quote(str(tmp_path))}"
    shell = ["bash", "-o", "pipefail", "-c", f"{line} {ending}"]
    subprocess.run(shell, check=True, timeout=300, cwd=ROOT)
    assert (tmp_path / "model.tflite").is_file()
    assert (tmp_path / "project" / "model.c").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--board=stm32f999"], "stm32f999"),
        (["--data={tmp}/nowhere"], "nowhere"),
        (["--data={tmp}/empty"], "empty"),
        (["photos"], "'photos' is no flag"),
        (["--output_dir={tmp}/file/below"], "below"),
    ],
    ids=["unknown-board", "no-folder", "no-images", "argument", "folder-is-a-file"],
)
@pytest.mark.sampled(4)
def test_what_is_wrong_is_one_line(tmp_path, arguments, message):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    given = [argument.replace("{tmp}", str(tmp_path)) for argument in arguments]
    run = search(f"--output_dir={tmp_path}/out", *given)
    assert run.returncode == 1
    (complaint,) = run.stderr.splitlines()
    assert complaint.startswith("mcunet_search: ")
    assert message in complaint


@pytest.mark.slow
def test_a_budget_that_nothing_fits_is_one_line(photos, tmp_path):
    small = ["--size=16", "--channels=1", "--quick", "--board=stm32f412", "--sram_bytes=300"]
    run = search(f"--data={photos}", f"--output_dir={tmp_path}", *small, timeout=300)
    assert run.returncode == 1
    (complaint,) = run.stderr.splitlines()
    assert complaint.startswith("mcunet_search: ")
    assert not (tmp_path / "model.tflite").exists()
