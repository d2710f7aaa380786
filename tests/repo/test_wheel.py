# SPDX-License-Identifier: Apache-2.0
"""The wheel carries everything that the package reads at run time."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import mcunet_tf
from mcunet_tf.tinyengine.emit.write import MANIFEST

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = {".c", ".cc", ".h", ".S", ".inc", ".toml", ".ld", ".j2", ".json", ".py"}


def package_files(root: Path) -> set[str]:
    """Returns the paths inside a wheel that the files of this checkout should have."""
    found = set()
    for top, home in (("mcunet_tf", "mcunet_tf"), ("kernels", "mcunet_tf/_kernels")):
        for path in (root / top).rglob("*"):
            if path.suffix in SHIPPED and "__pycache__" not in path.parts:
                found.add(f"{home}/{path.relative_to(root / top)}")
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel built from a clean copy, so that no earlier build folder leaks into it."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    copy.mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("mcunet_tf", "kernels"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(copy)], check=True, timeout=300)
    (built,) = folder.glob("*.whl")
    assert not (copy / "build").exists(), "the build folder would collide with BUILD"
    return built


def test_every_file_is_there(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    assert package_files(ROOT) - held == set()


def test_nothing_else_is_there(wheel):
    for name in zipfile.ZipFile(wheel).namelist():
        assert name.startswith("mcunet_tf"), name
        assert "tests" not in name.split("/"), name


def test_commands_lead_to_functions(wheel):
    archive = zipfile.ZipFile(wheel)
    (entry_points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    lines = archive.read(entry_points).decode().splitlines()
    commands = dict(line.split(" = ") for line in lines if " = " in line)
    assert set(commands) == {
        "tflite_to_tinyengine",
        "mcunet_benchmark",
        "mcunet_demo",
        "mcunet_look",
        "mcunet_search",
        "mcunet_listen",
    }
    for command, target in commands.items():
        module, function = target.split(":")
        source = archive.read(module.replace(".", "/") + ".py").decode()
        assert f"def {function}(" in source, command


def test_it_compiles_without_the_checkout(wheel, tmp_path, keras_model):
    """The unpacked wheel alone, as after `pip install`, emits what the checkout emits."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    model = keras_model("ds_cnn")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import mcunet_tf;"
        f"mcunet_tf.compile_tflite({str(model)!r}, output_dir='out'); print(mcunet_tf.__file__)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert Path(run.stdout.strip()).is_relative_to(tmp_path)
    emitted = {
        str(path.relative_to(tmp_path / "out")): path.read_text()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file() and path.name != MANIFEST
    }
    assert emitted == mcunet_tf.compile_tflite(model).files


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """The source archive, made in a copy that holds what is committed of the package."""
    folder = tmp_path_factory.mktemp("sdist")
    copy = folder / "source"
    copy.mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("mcunet_tf", "kernels"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "setup.py", "-q", "sdist", "-d", str(folder)]
    subprocess.run(command, cwd=copy, check=True, timeout=300, capture_output=True)
    (built,) = folder.glob("*.tar.gz")
    return built


def test_the_source_archive_builds_a_wheel(archive):
    """Whatever the wheel carries is in it, at the place that setup.py reads it from."""
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    wanted = {p.replace("mcunet_tf/_kernels/", "kernels/") for p in package_files(ROOT)}
    assert wanted - names == set()
    assert {"LICENSE", "README.md", "setup.py"} <= names


def test_metadata_is_fit_for_an_index(wheel, archive):
    """twine's check: the long description renders, nothing that an index wants is missing."""
    if shutil.which("twine") is None:
        pytest.skip("twine is not installed: pip install twine")
    subprocess.run(["twine", "check", "--strict", str(wheel), str(archive)], check=True)


def test_the_version_is_a_release():
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert f"\n## {mcunet_tf.__version__}\n" in changes
