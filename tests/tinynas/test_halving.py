# SPDX-License-Identifier: Apache-2.0
"""A budget in minutes: networks side by side, published ones among them, and the best of them."""

import json
import types

import numpy as np
import pytest

import mcunet_tf
from mcunet_tf.boards import load_board
from mcunet_tf.errors import BudgetError, SearchError
from mcunet_tf.tinynas import contenders
from mcunet_tf.tinynas.contenders import KNOWN, Contender
from mcunet_tf.tinynas.cost import Budget, keeps
from mcunet_tf.tinynas.growth import mean_cost
from mcunet_tf.tinynas.halving import Halving, _going_on
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.options import SearchOptions
from mcunet_tf.tinynas.progress_lines import ProgressLines
from mcunet_tf.tinynas.reading import read_images
from mcunet_tf.tinynas.recipe import Recipe
from tests.tinynas.test_search import BUDGET, Killed
from tests.tinynas.tiny import EFFORT, images


def arguments(**changes):
    return {
        "board": "stm32f412",
        "minutes": 0.2,
        "effort": EFFORT,
        "recipe": Recipe(batch_size=64, augmentation="none"),
        "verbose": False,
        **BUDGET,
        **changes,
    }


def run(workdir, **changes):
    pytest.importorskip("tensorflow")
    return mcunet_tf.search(images(), **arguments(workdir=workdir, **changes))


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    return tmp_path_factory.mktemp("halving")


@pytest.fixture(scope="module")
def found(workdir):
    """What `make demo` does with ten networks and real images, so that its tests are slow ones."""
    return run(workdir)


@pytest.mark.slow
def test_the_best_of_own_and_published_networks_is_returned(found):
    assert found.cost.sram_bytes <= BUDGET["sram_bytes"]
    assert found.cost.flash_bytes <= BUDGET["flash_bytes"]
    assert found.accuracy > 0.6
    best, *others = found.standings
    assert found.arch == best.arch
    assert {s.family == KNOWN for s in found.standings} == {True, False}
    last = [s for s in others if len(s.scores) == len(best.scores)]
    assert all(best.scores[-1] >= s.scores[-1] for s in last)
    assert {row["phase"] for row in found.history} == {"final"}


@pytest.mark.slow
def test_every_contender_keeps_the_budget(found):
    board = load_board("stm32f412")
    limits = Budget(BUDGET["sram_bytes"], BUDGET["flash_bytes"])
    assert all(keeps(s.arch, 3, board, limits) for s in found.standings)


@pytest.mark.slow
def test_the_report_says_who_won(found, tmp_path):
    found.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "Networks trained side by side" in page
    assert f"{found.standings[0].name} (" in page and "behind in round 1" in page
    assert "Search spaces" not in page


@pytest.mark.slow
def test_what_is_finished_is_not_done_again(found, workdir):
    before = (workdir / "halving.json").read_bytes()
    again = run(workdir)
    assert again.flatbuffer == found.flatbuffer
    assert [s.scores for s in again.standings] == [s.scores for s in found.standings]
    decided = json.loads(before)["content"]
    kept = json.loads((workdir / "halving.json").read_bytes())["content"]
    for key in ("affordable", "seconds", "rounds", "final"):
        assert kept[key] == decided[key]


@pytest.mark.slow
def test_a_killed_search_takes_the_same_decisions(found, workdir, tmp_path, monkeypatch):
    """What was measured before the kill still counts after it."""
    whole = Halving._trained_score
    trained = []

    def dies(self, contender, exact):
        if len(trained) == 2:
            raise Killed
        trained.append(contender.name)
        return whole(self, contender, exact)

    monkeypatch.setattr(Halving, "_trained_score", dies)
    with pytest.raises(Killed):
        run(tmp_path)
    before = json.loads((tmp_path / "halving.json").read_bytes())["content"]
    assert sum("score" in row for row in before["rounds"][0].values()) == 2
    monkeypatch.setattr(Halving, "_trained_score", whole)
    result = run(tmp_path)
    after = json.loads((tmp_path / "halving.json").read_bytes())["content"]
    assert after["affordable"] == before["affordable"]
    for name, row in before["rounds"][0].items():
        assert after["rounds"][0][name].items() >= row.items()
    assert result.cost.sram_bytes <= BUDGET["sram_bytes"]


def rounds(folder, scores, step_seconds, monkeypatch):
    """Halving with told scores and a clock that counts steps: (result, networks and steps)."""
    trained, clock = [], types.SimpleNamespace(now=0.0)

    def trained_score(self, contender, exact):
        phases = self.phases[contender.name]
        steps = phases[-1].steps or phases[-1].epochs * (data.count // 64)
        clock.now += steps * step_seconds[contender.name]
        trained.append((contender.name, steps))
        return scores[contender.name][len(phases) - 1]

    monkeypatch.setattr(Halving, "step_seconds", lambda self, c, *_: (0.0, step_seconds[c.name]))
    monkeypatch.setattr(Halving, "_trained_score", trained_score)
    monkeypatch.setattr(Halving, "_weights", lambda self, winner: winner.name)
    options = SearchOptions(**arguments(workdir=folder, clock=lambda: clock.now))
    data = read_images(images())
    objective = Objective(data.num_classes)
    quiet = ProgressLines(quiet=True)
    halving = Halving(options, data, None, objective, folder, quiet)
    arch = mcunet_tf.zoo.arch("resnet-8")
    names = [Contender(name, KNOWN if name == "known" else "plain", arch) for name in scores]
    return halving.run(names), trained


SCORES = {
    "best": [0.7, 0.9],
    "early": [0.8, 0.6],
    "third": [0.6, 0.5],
    "fourth": [0.5, 0.99],
    "known": [0.1, 0.2],
    "diverged": [None, 1.0],
}


def test_rounds_keep_the_best_and_one_published_network(tmp_path, monkeypatch):
    pytest.importorskip("tensorflow")  # whose phases they are
    speed = dict.fromkeys(SCORES, 0.01)
    result, trained = rounds(tmp_path, SCORES, speed, monkeypatch)
    assert [name for name, _ in trained] == [*SCORES, "early", "best", "known"]
    assert result.weights == "best"
    assert [(s.name, s.scores) for s in result.standings[:3]] == [
        ("best", (0.7, 0.9)),
        ("early", (0.8, 0.6)),
        ("known", (0.1, 0.2)),
    ]
    again, anew = rounds(tmp_path, dict.fromkeys(SCORES), speed, monkeypatch)
    assert (anew, again.standings, again.weights) == ([], result.standings, "best")
    assert (again.epochs, again.steps) == (result.epochs, result.steps)


def test_networks_train_for_equal_times(tmp_path, monkeypatch):
    pytest.importorskip("tensorflow")
    speed = {"best": 0.001, "known": 0.004}
    scores = {name: SCORES[name] for name in speed}
    _, trained = rounds(tmp_path, scores, speed, monkeypatch)
    # Of 12 s two networks have 15 % together.
    for name, steps in trained:
        assert steps * speed[name] == pytest.approx(0.9, rel=0.15)


@pytest.mark.parametrize(
    "traced, small, grows",
    [(0.01, 0.005, True), (0.01, 0.008, True), (2.0, None, True), (8.0, None, False)],
)
def test_images_grow_where_that_gives_more_steps_than_its_traces_take(
    tmp_path, monkeypatch, traced, small, grows
):
    """The final training takes the time that is left, whatever its images' sizes are.

    How long a step with small ones takes is measured, unless that takes too long itself.
    """

    def step_seconds(self, contender, shape=None):
        return traced, 0.01 if shape is None else small

    monkeypatch.setattr(Halving, "step_seconds", step_seconds)
    asked = arguments(workdir=tmp_path, minutes=1.0, clock=lambda: 0.0)
    options = SearchOptions(**asked)
    data = read_images(images())
    quiet = ProgressLines(quiet=True)
    objective = Objective(data.num_classes)
    network = Contender("network", KNOWN, mcunet_tf.zoo.arch("resnet-8"))

    def length():
        made = Halving(options, data, None, objective, tmp_path, quiet)
        return made.alone(network)

    epochs, each, decided = length()
    assert decided is grows
    steps = each or epochs * (data.count // options.recipe.batch_size)
    recipe = options.recipe.of_data(data.image_shape, data.count)
    cost = mean_cost(network.arch.input_shape, recipe) if grows else 1.0
    if small is not None:
        pixels = (20 / 32) ** 2
        cost = mean_cost((32, 32, 3), recipe, (small / 0.01 - pixels) / (1 - pixels))
    # Of 60 s a tenth is for what comes behind, and traces come on top.
    left = 60.0 - 6.0 - (2.5 + (2 if grows else 0)) * traced
    assert steps * 0.01 * cost * 1.08 == pytest.approx(left, rel=0.1)
    assert length() == (epochs, each, grows)


def test_the_best_of_either_kind_goes_on():
    arch = mcunet_tf.zoo.arch("resnet-8")
    own = [Contender(f"own{i}", "plain", arch) for i in range(4)]
    known = Contender("known", KNOWN, arch)
    assert _going_on([*own, known], 3) == [own[0], own[1], known]
    assert _going_on([known, *own], 3) == [known, own[0], own[1]]


@pytest.mark.parametrize(
    "seconds, traced, passing, number",
    [
        (720, 6, 60, 3),  # photographs: three passes take too long
        (720, 6, 1.5, 8),  # few words: eight are told apart
        (60, 6, 0.1, 3),
        (1440, 6, 60, 6),
        (100_000, 6, 60, 12),
    ],
)
def test_as_many_networks_begin_as_can_be_told_apart(seconds, traced, passing, number):
    assert contenders.contenders_within(seconds, traced, passing) == number


def test_networks_and_passes_grow_with_the_root_of_the_time():
    found = contenders.balanced_cost(14e6 * 13.67, (32, 32, 3))
    assert found == pytest.approx(14e6, rel=0.01)
    assert contenders.balanced_cost(4 * 14e6 * 13.67, (32, 32, 3)) == pytest.approx(2 * found)
    assert contenders.balanced_cost(14e6 * 13.67, (64, 64, 1)) == pytest.approx(2 * found)


def test_spectrograms_have_spaces_of_their_own():
    limits = Budget(20 * 1024, 41_000, instructions=3_000_000)
    board = load_board("stm32f746")
    rng = np.random.default_rng(0)

    def fits(arch):
        return keeps(arch, 12, board, limits)

    own = contenders.own_contenders((49, 10, 1), 12, fits, limits, 4e6, rng)
    assert [c.family for c in own[:5]] == list(contenders.SPECTROGRAM_SKELETONS)
    stems = {c.family: (c.arch.stem_kernel, c.arch.stem_stride) for c in own[:5]}
    assert stems["plain"][0] == 3 and stems["separable"][0] == (10, 4)
    assert stems["temporal"] == ((5, 10), (2, 10))
    assert all(block.kernel[1] == 1 for block in own[0].arch.blocks)
    assert all(fits(c.arch) for c in own)


def test_own_networks_use_what_the_budget_allows():
    board, limits = load_board("stm32f746"), Budget(32 * 1024, 128 * 1024)

    def fits(arch):
        return keeps(arch, 10, board, limits)

    rng = np.random.default_rng(0)
    own = contenders.own_contenders((32, 32, 3), 10, fits, limits, 30e6, rng)
    assert {c.family for c in own} == set(contenders.SKELETONS)
    assert len({c.name for c in own}) == len({c.arch for c in own}) == len(own)
    assert all(fits(c.arch) for c in own)
    assert max(c.arch.parameters(10) for c in own) > 100_000
    assert all(c.arch.head_channels >= 2 * c.arch.blocks[-1].channels for c in own)
    assert {c.arch.blocks[0].stride for c in own} == {1, 2}
    for contender in own[:3]:
        assert contenders.training_cost(contender.arch, 10) == pytest.approx(30e6, rel=0.45)


@pytest.mark.parametrize(
    "changes, error, said",
    [
        ({"minutes": 0}, SearchError, "minutes"),
        ({"minutes": "ten"}, SearchError, "minutes"),
        ({"supernet_epochs": 3}, SearchError, "two ways to search"),
        ({"flash_bytes": 2000}, BudgetError, "B of flash where 2,000 B are allowed"),
        ({"sram_bytes": 200}, BudgetError, "B of SRAM where 200 B are allowed"),
        ({"latency_ms": 0.01}, BudgetError, "ms where 0.01 ms are allowed"),
    ],
)
def test_impossible_wishes_are_refused(changes, error, said, tmp_path):
    with pytest.raises(error, match=said):
        run(tmp_path, **changes)


@pytest.mark.slow
def test_a_network_that_diverges_is_out_and_no_more(tmp_path, monkeypatch):
    from mcunet_tf.tinynas.train import DivergedError, Trainer

    whole = Trainer.run

    def diverges(self, phases, images):
        if self.name.startswith("plain"):
            raise DivergedError("planted")
        return whole(self, phases, images)

    monkeypatch.setattr(Trainer, "run", diverges)
    result = run(tmp_path)
    *others, last = result.standings
    assert last.family == "plain" and last.scores == ()
    assert others and all(standing.scores for standing in others)
    result.report(tmp_path / "report.html")
    assert last.name in (tmp_path / "report.html").read_text()


@pytest.mark.slow
def test_where_all_diverge_one_line_says_so(tmp_path):
    recipe = Recipe(batch_size=64, augmentation="none", learning_rate=1e30)
    with pytest.raises(SearchError, match="all networks diverged: lower the learning rate"):
        run(tmp_path, recipe=recipe)


@pytest.mark.slow
def test_where_only_the_smallest_fits_it_is_trained(tmp_path, monkeypatch):
    from mcunet_tf.tinynas import stages

    monkeypatch.setattr(stages, "known_contenders", lambda *_: [])
    monkeypatch.setattr(stages, "own_contenders", lambda *_: [])
    result = run(tmp_path)
    assert [s.name for s in result.standings] == ["plain smallest"]


@pytest.mark.parametrize(
    "shape, first", [((49, 10, 1), "ds-cnn"), ((32, 32, 3), "resnet-8"), ((96, 96, 3), None)]
)
def test_networks_published_for_such_inputs_train_first(shape, first):
    known = contenders.known_contenders(shape, lambda arch: True)
    ordered = contenders.by_promise(known, shape, 1e9, 10)
    assert sorted(c.name for c in ordered) == sorted(c.name for c in known)
    names = [c.name.removesuffix(" widest") for c in ordered]
    assert names[0] == first or set(names[:4]) == {"mobilenet-v1", "mcunet"}


def test_a_published_network_stands_here_as_it_is_and_as_wide_as_fits():
    """Within minutes the widest one may be too much to be trained."""

    def fits(limit):
        return lambda arch: arch.parameters(10) <= limit

    def named(limit):
        known = contenders.known_contenders((32, 32, 3), fits(limit))
        return {c.name: c.arch for c in known}

    published = mcunet_tf.zoo.arch("resnet-8")
    roomy = named(200_000)
    assert roomy["resnet-8"] == published
    assert 150_000 < roomy["resnet-8 widest"].parameters(10) <= 200_000
    # Where only narrower ones fit, they have the name.
    narrow = named(40_000)
    assert "resnet-8 widest" not in narrow
    assert narrow["resnet-8"].parameters(10) <= 40_000
    # The wider, the later where time is short.
    cost = contenders.training_cost(published, 10)
    first = contenders.by_promise(
        contenders.known_contenders((32, 32, 3), fits(200_000)), (32, 32, 3), cost, 10
    )
    assert first[0].name == "resnet-8"
