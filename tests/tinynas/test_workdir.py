# SPDX-License-Identifier: Apache-2.0
"""A working folder belongs to one question; what is wrong is one line, and nothing is lost."""

import dataclasses
import json

import numpy as np
import pytest

import mcunet_tf
from mcunet_tf.boards import load_board
from mcunet_tf.errors import McunetError, OutputError, SearchError
from mcunet_tf.tinynas import identity as identities
from mcunet_tf.tinynas.checkpoint import Checkpoints, read_state, write_state
from mcunet_tf.tinynas.effort import Effort
from mcunet_tf.tinynas.identity import array_digest, claim_folder, identity
from mcunet_tf.tinynas.options import SearchOptions
from mcunet_tf.tinynas.reading import read_images
from mcunet_tf.tinynas.recipe import Recipe
from tests.tinynas.test_search import arguments, run
from tests.tinynas.tiny import SPACES, images

OPTIONS = SearchOptions(board="stm32f412", sram_bytes=6000)


def read(count=300):
    return read_images(images(count))


def flipped(array, index):
    """The array with one value changed by one."""
    changed = array.copy()
    changed.reshape(-1)[index] ^= 1
    return changed


def other_board():
    board = load_board("stm32f412")
    return dataclasses.replace(board, clock_hz=board.clock_hz // 2)


def changes():
    data = read()
    return {
        "one training pixel": (
            {"train_x": flipped(data.train_x, -1)},
            {},
            "training images differ",
        ),
        "one training label": ({"train_y": flipped(data.train_y, 7)}, {}, "training labels differ"),
        "one validation pixel": (
            {"validation_x": flipped(data.validation_x, 11)},
            {},
            "validation images differ",
        ),
        "one validation label": (
            {"validation_y": flipped(data.validation_y, 2)},
            {},
            "validation labels differ",
        ),
        "seed": ({}, {"seed": 3}, "seed was 0 and is 3"),
        "budget": ({}, {"sram_bytes": 7000}, "sram_bytes was 6000 and is 7000"),
        "no budget": ({}, {"sram_bytes": None}, "sram_bytes was 6000 and is None"),
        "epochs": ({}, {"epochs": 3}, "epochs was 40 and is 3"),
        "quantization": ({}, {"quantization": "qat"}, "quantization was ptq and is qat"),
        "recipe": ({}, {"recipe": Recipe(momentum=0.8)}, "recipe.momentum was 0.9 and is 0.8"),
        "effort": ({}, {"effort": Effort(plans=3)}, "effort.plans was 20 and is 3"),
        "board": ({}, {"board": other_board()}, "board.clock_hz was 100000000 and is 50000000"),
    }


@pytest.mark.parametrize("name", changes())
def test_a_folder_belongs_to_one_question(tmp_path, name):
    data, options, words = changes()[name]
    claim_folder(tmp_path, OPTIONS, read(), SPACES)
    before = (tmp_path / "search.json").read_bytes()
    now = dataclasses.replace(read(), **data)
    with pytest.raises(SearchError, match=words) as caught:
        claim_folder(tmp_path, dataclasses.replace(OPTIONS, **options), now, SPACES)
    assert "choose another workdir" in str(caught.value) and "\n" not in str(caught.value)
    assert (tmp_path / "search.json").read_bytes() == before


def test_other_spaces_and_other_versions_are_refused(tmp_path, monkeypatch):
    claim_folder(tmp_path, OPTIONS, read(), SPACES)
    with pytest.raises(SearchError, match="spaces differ"):
        claim_folder(tmp_path, OPTIONS, read(), SPACES[:1])
    monkeypatch.setattr(identities, "__version__", "99.0")
    with pytest.raises(SearchError, match=r"package version was .* is 99.0.*go on with mcunet_tf"):
        claim_folder(tmp_path, OPTIONS, read(), SPACES)


def test_what_does_not_change_the_answer_may_change(tmp_path):
    claim_folder(tmp_path, OPTIONS, read(), SPACES)
    same = dataclasses.replace(
        OPTIONS,
        board=dataclasses.replace(load_board("stm32f412"), name="mine", description="renamed"),
        verbose=False,
        workdir="elsewhere",
        effort=Effort(processes=7),
        supernet_epochs=40,
    )
    claim_folder(tmp_path, same, read(), SPACES)


def test_every_option_is_part_of_the_question_or_known_not_to_be():
    """A new option must be put into the identity, or into the list here."""
    free = {"workdir", "callbacks", "strategy", "executor", "verbose", "clock"}
    known = identity(OPTIONS, read(), SPACES)
    for field in dataclasses.fields(SearchOptions):
        names = (field.name, f"task.{field.name}")
        found = any(key in names or key.startswith(f"{field.name}.") for key in known)
        assert found != (field.name in free), field.name


def test_a_digest_reads_all_of_an_array_in_parts(monkeypatch):
    array = np.arange(1000, dtype=np.uint8).reshape(100, 10)
    whole = array_digest(array)
    monkeypatch.setattr(identities, "_HASHED_AT_ONCE", 64)
    assert array_digest(array) == whole
    assert array_digest(flipped(array, 999)) != whole
    assert array_digest(array.reshape(10, 100)) != whole
    assert array_digest(array.view(np.int8)) != whole


DAMAGES = {
    "search.json is cut": ("search.json", "{", "search.json is damaged"),
    "search.json is of an older version": ("search.json", '{"images": "x"}', "another version"),
    "spaces.json is cut": ("spaces.json", "[1, ", "spaces.json is damaged"),
    "spaces.json is another's": ("spaces.json", '[{"space": 3}]', "spaces.json is damaged"),
    "spaces.json is no text": ("spaces.json", "\udcff\udcfe", "spaces.json is damaged"),
    "spaces.json is deep": ("spaces.json", "[" * 100_000, "spaces.json is damaged"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_one_line_and_nothing_is_deleted(tmp_path, name):
    file, text, words = DAMAGES[name]
    if file != "search.json":
        claim_folder(tmp_path, SearchOptions(**arguments(tmp_path)), read(), SPACES)
    (tmp_path / file).write_bytes(text.encode(errors="surrogateescape"))
    (tmp_path / "holiday.jpg").write_text("the user's")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(SearchError, match=words) as caught:
        run(tmp_path)
    assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_parts_without_their_question_are_not_taken_over(tmp_path):
    (tmp_path / "supernet-00001.ckpt").write_bytes(b"of another search")
    with pytest.raises(SearchError, match=r"holds parts of a search \(supernet-00001.ckpt\)"):
        run(tmp_path)


def test_an_edited_state_is_noticed(tmp_path):
    """Well-formed JSON of the right form, with another number."""
    path = tmp_path / "evaluations.json"
    write_state(path, {"1 2": 0.5})
    assert read_state(path) == {"1 2": 0.5}
    path.write_text(path.read_text().replace("0.5", "0.9"))
    with pytest.raises(SearchError, match="damaged"):
        read_state(path)
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored["content"]))
    with pytest.raises(SearchError, match="not a file of this search"):
        read_state(path)


def test_stray_files_beside_checkpoints_are_left_alone(tmp_path):
    kept = Checkpoints(tmp_path, "supernet")
    strays = ("supernet-00002.backup.ckpt", "supernet-backup.ckpt", "supernet-00003.ckpt.bak")
    for name in strays:
        (tmp_path / name).write_text("mine")
    for step in (1, 2, 3):
        kept.save(step, {"a": np.arange(step)}, [step])
    step, arrays, meta = kept.load()
    assert (step, arrays["a"].tolist(), meta) == (3, [0, 1, 2], [3])
    assert {path.name for path in tmp_path.iterdir()} == {
        *strays,
        "supernet-00002.ckpt",
        "supernet-00003.ckpt",
    }


@pytest.mark.parametrize("content", [b"", b"short", bytes(500)])
def test_a_damaged_checkpoint_names_the_way_back(tmp_path, content):
    kept = Checkpoints(tmp_path, "final")
    kept.save(1, {"a": np.arange(3)}, [])
    (tmp_path / "final-00002.ckpt").write_bytes(content)
    with pytest.raises(SearchError, match=r"final-00002.ckpt is damaged.*the one before"):
        kept.load()


def test_a_folder_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SearchError, match="is a file: name a folder"):
        run(tmp_path / "file")
    with pytest.raises(OutputError, match="cannot write"):
        run(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_link_to_itself_is_one_line(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(McunetError, match="loop"):
        run(tmp_path / "loop")


@pytest.mark.slow
def test_a_trained_network_is_there_whatever_fails_behind_it(tmp_path, monkeypatch):
    """Quantisation, then the compiler, fail; the third sitting trains nothing again."""
    from mcunet_tf.errors import CompilerError, UnsupportedError
    from mcunet_tf.tinynas import finish

    def refuse(*_, **__):
        raise UnsupportedError("no int8 form")

    with monkeypatch.context() as patch:
        patch.setattr(finish, "quantize_ptq", refuse)
        with pytest.raises(SearchError, match=r"no int8 form; the trained network is .*keras"):
            run(tmp_path)
    assert (tmp_path / "model.keras").is_file() and (tmp_path / "arch.json").is_file()

    def break_down(*_, **__):
        raise CompilerError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr(finish, "compile_tflite", break_down)
        with pytest.raises(SearchError, match=r"does not compile: .*it is .*model.tflite"):
            run(tmp_path)
    flatbuffer = (tmp_path / "model.tflite").read_bytes()
    lines = (tmp_path / "logs" / "final" / "epochs.csv").read_text()
    assert run(tmp_path).flatbuffer == flatbuffer
    assert (tmp_path / "logs" / "final" / "epochs.csv").read_text() == lines


@pytest.mark.slow
def test_without_a_supernet_the_largest_fitting_network_is_trained(tmp_path):
    found = run(tmp_path, supernet_epochs=0)
    assert {row["phase"] for row in found.history} == {"final"}
    assert not list(tmp_path.glob("supernet*")) and found.pareto == ()
    space = found.spaces[found.chosen].space
    assert found.arch.macs(3) >= space.arch(space.smallest()).macs(3)
    assert found.cost.sram_bytes <= 6000
    assert mcunet_tf.Arch.from_json((tmp_path / "arch.json").read_text()) == found.arch
