# SPDX-License-Identifier: Apache-2.0
"""Package metadata, entry points, and the C kernels that travel inside the wheel."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "(.+)"$', (ROOT / "mcunet_tf/version.py").read_text(encoding="utf-8"), re.M
)

# The compiler, for a computer without TensorFlow.
REQUIREMENTS = [
    "numpy>=1.26,<3",
    "flatbuffers>=24.3.25",
    "tflite>=2.10",
    "jinja2>=3.1",
    "absl-py>=1.4,<3",
    "tomli>=2.0; python_version < '3.11'",
]

# The stack follows three facts. tflite-runtime has wheels up to Python 3.11 only, and shares a
# process soundly with TensorFlow up to 2.19; tf_keras comes in step with TensorFlow; and Python
# 3.13 starts at TensorFlow 2.20. Where tflite-runtime is absent, tflite-micro is the reference.
KERAS = [
    "tensorflow>=2.19,<2.20; python_version < '3.12'",
    "tensorflow>=2.19,<2.22; python_version == '3.12'",
    "tensorflow>=2.20,<2.22; python_version >= '3.13'",
    "tf_keras>=2.19,<2.20; python_version < '3.12'",
    "tf_keras>=2.19,<2.22; python_version >= '3.12'",
    "tensorflow-model-optimization>=0.8.0,<0.9",
]
REFERENCE = [
    "tflite-runtime>=2.14,<2.15; python_version < '3.12'",
    # It was built against NumPy 1.
    "numpy<2; python_version < '3.12'",
    "tflite-micro>=0.dev20240101; sys_platform == 'linux'",
]

EXTRAS = {
    "keras": KERAS,  # search and quantisation
    "reference": REFERENCE,  # oracles: what outputs are compared with
    "serial": ["pyserial>=3.5"],
    "microphone": ["sounddevice>=0.4"],
    "look": ["pillow>=10", "pyyaml>=6"],  # pictures as files, and what describes sets of them
    "bench": ["bakenn>=1.0"],
    "docs": ["mkdocs-material>=9.5", "mkdocstrings[python]>=0.26"],  # the site: make docs
    "test": [
        *KERAS,
        *REFERENCE,
        "pytest>=8",
        "pytest-xdist>=3.5",
        "hypothesis>=6.100",
        "ruff>=0.6",
        "mypy>=1.11",
        "clang-format==14.0.6",  # it formats as no other version does; the wheel is on PyPI
        "starlark-pyo3>=2025.1",  # evaluates BUILD
        "pyserial>=3.5",
        "pillow>=10",
        "dask[distributed]>=2024.1",  # one of the executors that a search runs on
        "pymicro-features>=2.0; sys_platform == 'linux'",  # TF-Lite Micro's audio front end
        "bakenn>=1.0",  # CMSIS-NN's sources, which the benchmark compares with
        "pyyaml>=6",  # reads workflows and what is emitted for Zephyr and ESP-IDF
        "setuptools>=68",
        "wheel>=0.41",
    ],
}

COMMANDS = (
    *("tflite_to_tinyengine", "mcunet_benchmark", "mcunet_demo", "mcunet_search"),
    "mcunet_listen",
    "mcunet_look",
)

setup(
    name="mcunet_tf",
    version=VERSION.group(1),
    description="int8 Keras and TensorFlow Lite networks as interpreter-free C for MCUs",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    author="the authors of mcunet_tf",
    keywords="tinyml tflite microcontroller cortex-m neural network compiler mcunet tinyengine",
    python_requires=">=3.10,<3.14",
    packages=[*find_packages(include=["mcunet_tf", "mcunet_tf.*"]), "mcunet_tf._kernels"],
    package_dir={"mcunet_tf._kernels": "kernels"},
    package_data={
        "mcunet_tf": [
            *("**/*.toml", "**/*.json", "**/*.j2", "**/*.ld"),
            *("**/*.c", "**/*.cc", "**/*.cpp", "**/*.h", "**/*.S", "**/*.sv"),
        ],
        "mcunet_tf._kernels": ["**/*.c", "**/*.h", "**/*.S", "**/*.inc"],
    },
    install_requires=REQUIREMENTS,
    extras_require=EXTRAS,
    entry_points={"console_scripts": [f"{name} = mcunet_tf.cli.{name}:run" for name in COMMANDS]},
    classifiers=[
        "Development Status :: 5 - Production/Stable",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX",
        "Programming Language :: C",
        "Programming Language :: Python :: 3",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 14)),
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Software Development :: Embedded Systems",
    ],
    # On case-insensitive disks the default folder, build/, is the Bazel file BUILD.
    options={"build": {"build_base": ".cache/build"}},
)
