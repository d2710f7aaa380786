# SPDX-License-Identifier: Apache-2.0
"""`mcunet_search`: a folder of images becomes C for a board; what is wrong is one line."""

import subprocess
import sys

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
def test_what_is_wrong_is_one_line(tmp_path, arguments, message):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    given = [argument.replace("{tmp}", str(tmp_path)) for argument in arguments]
    run = search(f"--output_dir={tmp_path}/out", *given)
    assert run.returncode == 1
    (complaint,) = run.stderr.splitlines()
    assert complaint.startswith("mcunet_search: ")
    assert message in complaint


def test_a_budget_that_nothing_fits_is_one_line(photos, tmp_path):
    small = ["--size=16", "--channels=1", "--quick", "--board=stm32f412", "--sram_bytes=300"]
    run = search(f"--data={photos}", f"--output_dir={tmp_path}", *small, timeout=300)
    assert run.returncode == 1
    (complaint,) = run.stderr.splitlines()
    assert complaint.startswith("mcunet_search: ")
    assert not (tmp_path / "model.tflite").exists()
