# SPDX-License-Identifier: Apache-2.0
"""`python -m mcunet_tf.cli.experiments`: the runs behind RESULTS.md, in any number of sittings.

Every finished run is a file in `results/`, and is not done again; a run that was interrupted goes
on from its last epoch. `--table` writes RESULTS.md from the files that are there.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags

from mcunet_tf.cli.experiment_table import FULL_EPOCHS, results_page
from mcunet_tf.errors import BudgetError, McunetError
from mcunet_tf.tinynas.checkpoint import read_json, write_bytes, write_json
from mcunet_tf.version import __version__

_DATA = flags.DEFINE_string("data", "cifar10", "cifar10, fashion_mnist, or a .npz of CIFAR-10.")
_RESULTS = flags.DEFINE_string("results", "results", "Folder of finished runs.")
_WORK = flags.DEFINE_string("work", "out/experiments", "Folder of checkpoints.")
_ONLY = flags.DEFINE_list("only", [], "Do only the runs whose names begin so.")
_EPOCHS = flags.DEFINE_integer("epochs", FULL_EPOCHS, "Of every final training.", 1)
_SUPERNET_EPOCHS = flags.DEFINE_integer("supernet_epochs", 40, "Of every supernet.", 1)
_FINAL_WEIGHT_DECAY = flags.DEFINE_float(
    "final_weight_decay", None, "Of every final training; by default the recipe's.", 0
)
_SEEDS = flags.DEFINE_list("seeds", ["0", "1", "2"], "Of the runs.")
_BOARD_IMAGES = flags.DEFINE_integer("board_images", 500, "Test images on the emulated board.", 1)
_QUICK = flags.DEFINE_boolean("quick", False, "A few images and epochs: tries the script itself.")
_TABLE = flags.DEFINE_string("table", None, "Write this page from the finished runs, run nothing.")

BOARD = "qemu-m4"
BUDGETS = {"32k-128k": (32 << 10, 128 << 10), "96k-512k": (96 << 10, 512 << 10)}
RANDOM_NETWORKS = 3
RANKED_NETWORKS = 8
RANKED_EPOCHS = 5
_QUICK_IMAGES = 600


def main(arguments: Sequence[str]) -> int:
    """Does the missing runs; 0, or 1 with one line on stderr."""
    try:
        if len(arguments) > 1:
            raise McunetError(f"'{arguments[1]}' is no flag: see --help")
        folder = Path(_RESULTS.value)
        if _TABLE.value:
            rows, contests = (
                [read_json(path) for path in sorted(where.glob("*.json"))]
                for where in (folder, folder / "contests")
            )
            write_bytes(Path(_TABLE.value), results_page(rows, contests).encode())
            return 0
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        Runs(folder, Path(_WORK.value)).do_all()
    except McunetError as error:
        print(f"experiments: {error}", file=sys.stderr)
        return 1
    return 0


@dataclasses.dataclass(frozen=True, eq=False)
class _Found:
    """A finished search: its winner, its supernet, and every choice that it evaluated there."""

    space: Any
    arch: Any
    supernet: Any
    accuracies: dict[Any, float]
    data: Any


class Runs:
    """The plan of all runs; each is a name and a function that gives its figures."""

    def __init__(self, results: Path, work: Path):
        from mcunet_tf.tinynas.replicas import one_replica_per_core

        self.results = results
        self.work = work
        self.strategy = one_replica_per_core(_recipe().batch_size)
        self.images, self.test_x, self.test_y = _load()

    def do_all(self) -> None:
        """Does every run that has no file yet, the searches first."""
        for budget in BUDGETS:
            for seed in map(int, _SEEDS.value):
                run = functools.partial(self.search, budget=budget, seed=seed)
                self.do(f"tinynas-{_label(budget, seed)}", run)
        for budget in BUDGETS:
            for family in ("mobilenet_v2", "proxyless_mobile"):
                for planner in ("tinyengine", "layers"):
                    self.baselines(budget, family, planner)
            seed = int(_SEEDS.value[0])
            own: dict[str, Any] = {"budget": budget, "seed": seed}
            self.do(f"random-{_label(budget, seed)}", functools.partial(self.randoms, **own))
            self.do(f"ranks-{_label(budget, seed)}", functools.partial(self.ranks, **own))
            for which in ("random", "largest"):
                run = functools.partial(self.other_space, which=which, **own)
                self.do(f"space_{which}-{_label(budget, seed)}", run)

    def wanted(self, name: str) -> bool:
        """Whether a run is asked for and not finished."""
        asked = not _ONLY.value or any(name.startswith(only) for only in _ONLY.value)
        return asked and not (self.results / f"{name}.json").exists()

    def do(self, name: str, run: Callable[[str], dict[str, Any]]) -> None:
        """Does a run unless it is finished, and writes its figures."""
        path = self.results / f"{name}.json"
        if not self.wanted(name):
            return
        print(f"--- {name}", flush=True)
        figures = run(name)
        figures |= {
            "name": name,
            "data": Path(_DATA.value).stem,
            "quick": _QUICK.value,
            "epochs": _epochs(),
            "weight_decay": _recipe().final_weight_decay,
            "versions": _versions(),
        }
        write_json(path, figures)

    def search(self, name: str, budget: str, seed: int, spaces: Any = None) -> dict[str, Any]:
        """A whole search, which chooses among all spaces or the given ones."""
        from mcunet_tf.tinynas import search
        from mcunet_tf.tinynas.candidates import evaluated

        sram_bytes, flash_bytes = BUDGETS[budget]
        images = self.images
        result = search(
            (images.train_x, images.train_y),
            (images.validation_x, images.validation_y),
            board=BOARD,
            sram_bytes=sram_bytes,
            flash_bytes=flash_bytes,
            num_classes=images.num_classes,
            epochs=_epochs(),
            supernet_epochs=2 if _QUICK.value else _SUPERNET_EPOCHS.value,
            seed=seed,
            workdir=self.work / name,
            recipe=_recipe(),
            effort=_effort(),
            strategy=self.strategy,
            spaces=spaces,
        )
        space = result.spaces[result.chosen].space
        accuracies = list(evaluated(self.work / name, space).values())
        return {
            "kind": "tinynas",
            "budget": budget,
            "seed": seed,
            "space": dataclasses.asdict(space),
            "best_random_in_supernet": max(accuracies[: _effort().evaluated]),
            "best_evolved_in_supernet": max(accuracies),
            "supernet_epochs": len([r for r in result.history if r["phase"] != "final"]),
            "minutes": training_minutes(self.work / name),
            **self._measured(result.arch, result.model, result.flatbuffer, sram_bytes),
        }

    def other_space(self, name: str, budget: str, seed: int, which: str) -> dict[str, Any]:
        """A whole search in the largest space that has sub-networks that fit, or a random one."""
        search = f"tinynas-{_label(budget, seed)}"
        chosen = read_json(self.results / f"{search}.json")
        if chosen is None:
            raise McunetError(f"do the run {search} first: --only=tinynas")
        space = self._usable_space(budget, seed, which)
        labels = {"kind": f"space_{which}", "budget": budget, "seed": seed}
        if _space_key(dataclasses.asdict(space)) == _space_key(chosen["space"]):
            # The same seed would train the same networks.
            return {**labels, "space": dataclasses.asdict(space), "same_as": search}
        return {**self.search(name, budget, seed, [space]), **labels}

    def _usable_space(self, budget: str, seed: int, which: str) -> Any:
        """A space is passed over where the search does so: hardly a sub-network of it fits."""
        from mcunet_tf.boards import load_board
        from mcunet_tf.tinynas.cost import Budget
        from mcunet_tf.tinynas.space import all_spaces
        from mcunet_tf.tinynas.statistics import LEAST_FITTING_SHARE, measure_space

        spaces, classes = all_spaces(self.images.image_shape), self.images.num_classes
        order = np.random.default_rng(seed).permutation(len(spaces))
        if which == "largest":
            macs = [space.arch(space.largest()).macs(classes) for space in spaces]
            order = np.argsort(macs)[::-1]
        board, limits, effort = load_board(BOARD), Budget(*BUDGETS[budget]), _effort()
        for space in (spaces[index] for index in order):
            found = measure_space(space, classes, board, limits, effort.samples, effort.plans, seed)
            if found.fitting_share >= LEAST_FITTING_SHARE:
                return space
        raise BudgetError(f"no search space has sub-networks that fit {budget}")

    def baselines(self, budget: str, family: str, planner: str) -> None:
        """The best-fitting scaled network of each layout, under one of the planners."""
        from mcunet_tf.tinynas.baselines import LAYOUTS

        seeds = [int(seed) for seed in _SEEDS.value]
        names = {
            (layout, seed): f"{family}-{planner}-{layout}-{_label(budget, seed)}"
            for layout in LAYOUTS
            for seed in seeds
        }
        if not any(self.wanted(name) for name in names.values()):
            return
        for layout, arch in self._fitting(budget, family, planner).items():
            labels = {"kind": family, "planner": planner, "layout": layout, "budget": budget}
            for seed in seeds:
                run = functools.partial(self._baseline, arch=arch, seed=seed, labels=labels)
                self.do(names[layout, seed], run)

    def _fitting(self, budget: str, family: str, planner: str) -> dict[str, Any]:
        from mcunet_tf.boards import load_board
        from mcunet_tf.tinynas.baselines import best_fitting
        from mcunet_tf.tinynas.cost import Budget, keeps, layer_by_layer_bytes

        board, classes = load_board(BOARD), self.images.num_classes
        sram_bytes, flash_bytes = BUDGETS[budget]

        def fits(arch: Any) -> bool:
            if planner == "layers":
                within = layer_by_layer_bytes(arch, classes) <= sram_bytes
                return within and keeps(arch, classes, board, Budget(None, flash_bytes))
            return keeps(arch, classes, board, Budget(sram_bytes, flash_bytes))

        return best_fitting(family, self.images.image_shape, classes, fits)

    def _baseline(self, _: str, arch: Any, seed: int, labels: dict[str, Any]) -> dict[str, Any]:
        # What fits whole tensors within the budget leaves the compiler free to choose.
        limit = None if labels["planner"] == "layers" else BUDGETS[labels["budget"]][0]
        # Both planners may come to the same network, which is trained once.
        digest = hashlib.sha256(arch.to_json().encode()).hexdigest()[:12]
        folder = f"{labels['kind']}-{digest}-{_label(labels['budget'], seed)}"
        return {**labels, "seed": seed, **self.alone(folder, arch, seed, limit)}

    def alone(
        self, name: str, arch: Any, seed: int, sram_bytes: int | None, inherited: Any = None
    ) -> dict[str, Any]:
        """Trains a network by the common recipe and measures its int8 form under a budget."""
        from mcunet_tf.quantize import quantize_ptq
        from mcunet_tf.tinynas.data import as_float

        trained, images = self._train(name, arch, seed, _epochs(), inherited)
        picked = np.random.default_rng([seed, 3]).permutation(len(images.train_x))[:300]
        flatbuffer = quantize_ptq(trained.model, as_float(images.train_x[np.sort(picked)]))
        minutes = training_minutes(self.work / name)
        return {
            "minutes": minutes,
            **self._measured(arch, trained.model, flatbuffer, sram_bytes),
        }

    def _train(self, name: str, arch: Any, seed: int, epochs: int, inherited: Any) -> Any:
        from mcunet_tf.tinynas.candidates import evaluation_data
        from mcunet_tf.tinynas.final import train_alone
        from mcunet_tf.tinynas.progress_lines import ProgressLines

        images = self.images.resized(arch.input_shape)
        trained = train_alone(
            arch,
            images,
            evaluation_data(images, seed=seed),
            _recipe(),
            epochs,
            seed=seed,
            inherited=inherited,
            folder=self.work / name,
            strategy=self.strategy,
            progress=ProgressLines(),
        )
        return trained, images

    def randoms(self, name: str, budget: str, seed: int) -> dict[str, Any]:
        """The winner of a search and sub-networks drawn at random, trained alike from its weights.

        The random ones are the first that the search drew; all fit the budget.
        """
        from mcunet_tf.tinynas.final import inherited_weights

        found = self._found(budget, seed)
        winner = next(c for c in found.accuracies if found.space.arch(c) == found.arch)
        drawn = [c for c in found.accuracies if c != winner][:RANDOM_NETWORKS]
        rows = []
        for index, choice in enumerate([winner, *drawn]):
            kind = "random" if index else "evolved"
            arch, settings = found.space.arch(choice), found.space.settings(choice)
            weights = inherited_weights(found.supernet, settings, found.data)
            own = self.alone(f"{name}/{index}", arch, seed, BUDGETS[budget][0], weights)
            rows.append({"kind": kind, "in_supernet": found.accuracies[choice], **own})
        return {"kind": "random", "budget": budget, "seed": seed, "networks": rows}

    def ranks(self, name: str, budget: str, seed: int) -> dict[str, Any]:
        """Accuracies in the supernet and alone, from scratch, of the same sub-networks.

        They are spread evenly over those that a search evaluated, from the worst to the best.
        """
        found = self._found(budget, seed)
        ordered = sorted(found.accuracies, key=lambda choice: found.accuracies[choice])
        places = np.linspace(0, len(ordered) - 1, RANKED_NETWORKS).round().astype(int)
        choices = [ordered[place] for place in places]
        epochs = min(_epochs(), RANKED_EPOCHS)
        alone = []
        for index, choice in enumerate(choices):
            arch = found.space.arch(choice)
            trained, _ = self._train(f"{name}/{index}", arch, seed, epochs, None)
            alone.append(trained.scores["accuracy"])
        return {
            "kind": "ranks",
            "budget": budget,
            "seed": seed,
            "alone_epochs": epochs,
            "evaluated": len(ordered),
            "supernet": [found.accuracies[choice] for choice in choices],
            "alone": alone,
        }

    def _found(self, budget: str, seed: int) -> _Found:
        """What the search of a budget left behind: one of as many epochs, or else the full one."""
        from mcunet_tf.tinynas.arch import Arch
        from mcunet_tf.tinynas.candidates import evaluated, evaluation_data
        from mcunet_tf.tinynas.final import make_network
        from mcunet_tf.tinynas.space import all_spaces
        from mcunet_tf.tinynas.train import Trainer, elastic_phases

        labels = (_label(budget, seed), _label(budget, seed, FULL_EPOCHS))
        stored = {
            n: read_json(self.results / f"{n}.json") for n in (f"tinynas-{k}" for k in labels)
        }
        name = next((name for name, figures in stored.items() if figures), None)
        if name is None:
            raise McunetError(f"do the run tinynas-{labels[0]} first: --only=tinynas")
        figures = stored[name]
        spaces = all_spaces(self.images.image_shape)
        wanted = _space_key(figures["space"])
        space = next(s for s in spaces if _space_key(dataclasses.asdict(s)) == wanted)
        images = self.images.resized(space.input_shape)
        largest, optional = space.arch(space.largest()), space.optional_blocks()
        network = make_network(largest, images.num_classes, seed, self.strategy, optional)
        # Finished long ago: this only reads its last checkpoint.
        Trainer(
            network,
            _recipe(),
            name="supernet",
            seed=seed,
            folder=self.work / name,
            strategy=self.strategy,
        ).run(elastic_phases(space, figures["supernet_epochs"]), images)
        return _Found(
            space,
            Arch.from_json(figures["arch"]),
            network,
            evaluated(self.work / name, space),
            evaluation_data(images, seed=seed),
        )

    def _measured(
        self, arch: Any, model: Any, flatbuffer: bytes, sram_bytes: int | None
    ) -> dict[str, Any]:
        """Figures of a finished network, its int8 accuracy on the emulated board among them."""
        from mcunet_tf.boards import load_board
        from mcunet_tf.tinyengine import compile_tflite
        from mcunet_tf.tinynas.cost import candidate_cost, layer_by_layer_bytes
        from mcunet_tf.tinynas.data import resize_images
        from mcunet_tf.tinynas.final import float_accuracy

        classes = self.images.num_classes
        test_x = resize_images(self.test_x, arch.input_shape)
        compiled = compile_tflite(flatbuffer, BOARD, name="model", sram_budget_bytes=sram_bytes)
        predicted, instructions = _classes(compiled, BOARD, test_x[: _BOARD_IMAGES.value])
        # The same outputs, bit for bit, and so fast that all images can be tried.
        quickly, _ = _classes(compile_tflite(flatbuffer, "host", name="model"), "host", test_x)
        if (quickly[: len(predicted)] != predicted).any():
            raise McunetError(f"{BOARD} and host classify differently: this is a bug")
        cost = candidate_cost(arch, classes, load_board(BOARD), sram_bytes)
        return {
            "arch": arch.to_json(),
            "macs": cost.macs,
            "flash_bytes": cost.flash_bytes,
            "arena_bytes": compiled.arena_bytes,
            "layer_by_layer_bytes": layer_by_layer_bytes(arch, classes),
            "instructions": instructions,
            "float_test_accuracy": float_accuracy(model, test_x, self.test_y),
            "int8_test_accuracy": float(np.mean(quickly == self.test_y)),
            "int8_board_accuracy": float(np.mean(predicted == self.test_y[: len(predicted)])),
            "board_images": len(predicted),
        }


def _classes(compiled: Any, board: str, images: Any) -> tuple[Any, int | None]:
    """The classes of images by an int8 model on a board, and the most instructions of any."""
    from mcunet_tf.benchmark import run_on_board
    from mcunet_tf.tinynas.data import as_float

    info = compiled.inputs[0]
    steps = np.round(as_float(images) / np.float32(info.scale)) + info.zero_point
    quantised = np.clip(steps, -128, 127).astype(np.int8)
    run = run_on_board(compiled, board, [(image[np.newaxis],) for image in quantised])
    found = np.array([arrays[0].argmax() for arrays in run.outputs])
    return found, max(run.instructions) if run.instructions else None


def training_minutes(folder: Path) -> dict[str, float]:
    """Minutes that the whole epochs of each training in a folder took, over all sittings."""
    from mcunet_tf.tinynas.epoch_log import read_seconds

    logs = sorted((folder / "logs").iterdir())
    return {log.name: round(read_seconds(log) / 60, 1) for log in logs}


def _load() -> tuple[Any, Any, Any]:
    """(images with a tenth set aside for validation, test images, test labels)."""
    from mcunet_tf import datasets
    from mcunet_tf.tinynas.reading import read_images

    if _DATA.value == "fashion_mnist":
        data = datasets.load_fashion_mnist()
    else:
        data = datasets.load_cifar10(None if _DATA.value == "cifar10" else _DATA.value)
    count = _QUICK_IMAGES if _QUICK.value else len(data.train_images)
    pair = (data.train_images[:count], data.train_labels[:count])
    images = read_images(pair, None, len(data.class_names))
    return images, data.test_images, data.test_labels


def _epochs() -> int:
    return 1 if _QUICK.value else int(_EPOCHS.value)


def _label(budget: str, seed: int, epochs: int | None = None) -> str:
    """Tells runs apart: short ones are runs of their own, and say so."""
    epochs = epochs or _epochs()
    return f"{budget}-{seed}" + ("" if epochs == FULL_EPOCHS else f"-e{epochs}")


def _space_key(figures: dict[str, Any]) -> tuple[tuple[int, ...], float]:
    """What tells a data set's search spaces apart."""
    return tuple(figures["input_shape"]), figures["width"]


def _recipe() -> Any:
    from mcunet_tf.tinynas.recipe import Recipe

    recipe = Recipe(batch_size=64, learning_rate=0.06)
    if _FINAL_WEIGHT_DECAY.value is None:
        return recipe
    return dataclasses.replace(recipe, final_weight_decay=_FINAL_WEIGHT_DECAY.value)


def _effort() -> Any:
    from mcunet_tf.tinynas import Effort, Evolution

    if not _QUICK.value:
        return Effort()
    return Effort(20, 1, 6, 2, Evolution(6, 3, 2), 200, 100, 50)


def _versions() -> dict[str, str]:
    packages = ("tensorflow", "keras", "numpy")
    found = {name: importlib.metadata.version(name) for name in packages}
    own = {"mcunet_tf": __version__}
    return {"python": platform.python_version(), "machine": platform.machine(), **own, **found}


def run() -> None:
    """Entry point of `python -m`."""
    app.run(main)


if __name__ == "__main__":
    run()
