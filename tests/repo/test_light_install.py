# SPDX-License-Identifier: Apache-2.0
"""The compiler runs with what `pip install mcunet_tf` brings, and names what is missing beyond.

Each test starts an interpreter that finds the packages of a smaller installation only.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mcunet_tf.errors import is_installed
from tests.benchmark.small_net import small_net

ROOT = Path(__file__).resolve().parents[2]
IMPORTED_AS = {"absl-py": ["absl"], "jinja2": ["jinja2", "markupsafe"]}
# Google Colab has TensorFlow with Keras 3; the rest is what the extras bring.
NOT_ON_COLAB = [
    "tf_keras",
    "tensorflow_model_optimization",
    "tflite_runtime",
    "tflite_micro",
    "tensorboard",
]
HOOK = """
import sys

class Withhold:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if {withheld}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return None

sys.meta_path.insert(0, Withhold())
"""


def requirements() -> list[str]:
    """Returns the names of what setup.py requires without an extra."""
    for statement in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == "REQUIREMENTS":
            return [re.match(r"[\w-]+", text)[0] for text in ast.literal_eval(statement.value)]
    raise AssertionError("setup.py has no REQUIREMENTS")


def interpreter_without(folder: Path, withheld: str):
    """Gives a function that runs Python with the packages that `withheld`, an expression, hides."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HOOK.format(withheld=withheld))
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}

    def run(*arguments, timeout=300):
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run


@pytest.fixture
def light(tmp_path):
    """Runs Python that finds itself, this package and its requirements."""
    names = [name for r in requirements() for name in IMPORTED_AS.get(r, [r])]
    allowed = {*sys.stdlib_module_names, *names, "mcunet_tf", "sitecustomize"}
    return interpreter_without(
        tmp_path / "light", f"top not in {allowed} and not top.startswith('_')"
    )


def test_the_requirements_are_those_of_a_compiler():
    assert set(requirements()) == {"numpy", "flatbuffers", "tflite", "jinja2", "absl-py", "tomli"}


def test_the_rest_is_withheld(light):
    for name in ("tensorflow", "tflite_runtime", "tflite_micro", "pytest", "scipy"):
        run = light("-c", f"import {name}")
        assert run.returncode == 1
        assert "ModuleNotFoundError" in run.stderr


def test_compiler_boards_and_host_builds_import(light):
    packages = ["boards", "tinyengine", "check", "benchmark"]
    run = light(
        "-c",
        "import importlib, pkgutil, mcunet_tf\n"
        f"for package in {packages}:\n"
        "    package = importlib.import_module(f'mcunet_tf.{package}')\n"
        "    prefix = package.__name__ + '.'\n"
        "    names = [m.name for m in pkgutil.walk_packages(package.__path__, prefix)]\n"
        "    names = [name for name in names if not name.endswith('__main__')]\n"
        "    for name in names: importlib.import_module(name)\n"
        "    print(len(names))\n"
        "from mcunet_tf.cli import mcunet_benchmark, mcunet_search, tflite_to_tinyengine\n",
    )
    assert run.returncode == 0, run.stderr
    assert all(int(count) > 1 for count in run.stdout.split())


@pytest.mark.skipif(shutil.which("cc") is None, reason="no host compiler")
def test_a_model_is_compiled_built_and_run(light, tmp_path):
    """From the source tree, without an installation: the package is on no path but PYTHONPATH."""
    model, project = tmp_path / "small.tflite", tmp_path / "project"
    model.write_bytes(small_net())
    command = ("-m", "mcunet_tf.cli.tflite_to_tinyengine", model, "--board=host")
    done = light(*command, f"--output_dir={project}")
    assert done.returncode == 0, done.stderr
    sources = list(project.rglob("*.c"))
    program = tmp_path / "program"
    subprocess.run(
        ["cc", "-march=native", f"-I{project}", *sources, "-lm", "-o", program], check=True
    )
    shown = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert re.search(r"-?\d+ -?\d+", shown)
    run = light(
        "-c",
        "import sys, numpy as np, mcunet_tf\n"
        "from mcunet_tf.tinyengine.evaluate import evaluate\n"
        f"compiled = mcunet_tf.compile_tflite({str(model)!r}, board='host')\n"
        "(info,) = compiled.inputs\n"
        "image = np.random.default_rng(0).integers(-128, 128, info.shape).astype(np.int8)\n"
        "((got,),) = mcunet_tf.run_on_board(compiled, 'host', [(image,)]).outputs\n"
        "(wanted,) = evaluate(compiled.graph, [image])\n"
        "assert np.array_equal(got.ravel(), wanted.ravel())\n"
        "print(mcunet_tf.__version__)\n",
    )
    assert run.returncode == 0, run.stderr


def test_what_is_missing_is_named_with_its_command(light, tmp_path):
    model = tmp_path / "small.tflite"
    model.write_bytes(small_net())
    reference, keras = '"mcunet_tf[reference]"', '"mcunet_tf[keras]"'
    commands = {
        ("tflite_to_tinyengine", model, "--verify=1"): reference,
        ("mcunet_benchmark", model, "--board=host"): reference,
        ("mcunet_benchmark", model, "--board=host", "--runtime=tflm"): reference,
        ("mcunet_search", "--data=fashion_mnist"): keras,
        ("mcunet_demo",): keras,
    }
    for (name, *arguments), extra in commands.items():
        run = light("-m", f"mcunet_tf.cli.{name}", *arguments)
        assert run.returncode == 1, name
        (line,) = run.stderr.splitlines()
        assert line.endswith(f"which is not installed: pip install {extra}"), line


CALLS = (
    "quantize_ptq(None, None)",
    "zoo.build('mcunet-vww1')",
    "search((np.zeros((9, 8, 8, 1), np.uint8), np.arange(9) % 3), board='qemu-m4')",
    "quantize.quantize_qat(None, None, epochs=1, learning_rate=0.1)",
)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.sampled(2)
def test_in_python_too(call, light):
    code = f"import numpy as np, mcunet_tf, mcunet_tf.quantize\nmcunet_tf.{call}"
    run = light("-c", code)
    assert run.returncode == 1
    last = run.stderr.splitlines()[-1]
    assert last.startswith("mcunet_tf.errors.ToolError: ")
    assert last.endswith('not installed: pip install "mcunet_tf[keras]"')


@pytest.mark.slow
@pytest.mark.skipif(not is_installed("tensorflow"), reason="no TensorFlow")
def test_a_search_needs_tensorflow_alone(tmp_path):
    """As on Colab: no extra of ours, no oracle, no tf_keras, no TensorBoard."""
    colab = interpreter_without(tmp_path / "colab", f"top in {NOT_ON_COLAB}")
    script = tmp_path / "script.py"
    script.write_text(
        "import mcunet_tf\nfrom tests.tinynas.tiny import EFFORT, SPACES, images\n"
        "found = mcunet_tf.search(images(), board='qemu-m4', epochs=1, effort=EFFORT,\n"
        "                         spaces=SPACES, verbose=False)\n"
        "print(len(found.compile('project').files), found.model.count_params())\n"
    )
    run = colab(script)
    assert run.returncode == 0, run.stderr[-2000:]
    files, parameters = map(int, run.stdout.split()[-2:])
    assert files > 5
    assert parameters > 100
    run = colab("-c", "import tests.tinynas.tiny as t, mcunet_tf\n"
                "mcunet_tf.search(t.images(), board='qemu-m4', quantization='qat')")  # fmt: skip
    assert run.stderr.splitlines()[-1].endswith('pip install "mcunet_tf[keras]"')
