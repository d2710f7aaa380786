# SPDX-License-Identifier: Apache-2.0
"""Spaces are values; a choice has one spelling."""

import numpy as np
import pytest

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.space import (
    TEMPORAL_SPECTROGRAMS,
    Skeleton,
    all_spaces,
    make_space,
    rounded_channels,
    streamable,
)

SPACE = make_space((32, 32, 3), 0.5, 0.5)


def test_the_papers_grid():
    spaces = all_spaces((224, 224, 3))
    assert len(spaces) == 108
    assert {space.input_shape[0] for space in spaces} == set(range(48, 225, 16))
    assert len({space.width for space in spaces}) == 9
    assert max(space.input_shape for space in all_spaces((28, 28, 1))) == (28, 28, 1)


@pytest.mark.parametrize(("wish", "given"), [(3, 8), (12, 16), (19, 24), (20, 24), (24, 24)])
def test_channels_are_multiples_of_eight(wish, given):
    assert rounded_channels(wish) == given


def test_the_largest_contains_every_other():
    rng = np.random.default_rng(0)
    most = SPACE.arch(SPACE.largest())
    least = SPACE.arch(SPACE.smallest())
    for _ in range(50):
        arch = SPACE.arch(SPACE.sample(rng))
        assert least.macs(10) <= arch.macs(10) <= most.macs(10)
        assert len(arch.blocks) <= len(most.blocks)


def test_what_does_not_run_does_not_tell_choices_apart():
    blocks = SPACE.blocks
    shallow = SPACE.choice([2, 2, 2, 2], [3] * blocks, [3] * blocks)
    kernels = [3, 3, 7, 7] * 4
    assert SPACE.choice([2, 2, 2, 2], kernels, [3, 3, 6, 6] * 4) == shallow
    assert SPACE.choice([4, 2, 2, 2], kernels, [3] * blocks) != shallow


def test_samples_repeat_with_the_seed():
    first = [SPACE.sample(np.random.default_rng(3)) for _ in range(5)]
    assert first == [SPACE.sample(np.random.default_rng(3)) for _ in range(5)]
    assert len({SPACE.sample(np.random.default_rng(i)) for i in range(50)}) == 50


@pytest.mark.parametrize(
    ("depths", "kernels", "expansions"),
    [
        ([2, 2, 2], [3] * 16, [3] * 16),
        ([5, 2, 2, 2], [3] * 16, [3] * 16),
        ([2, 2, 2, 2], [9] * 16, [3] * 16),
        ([2, 2, 2, 2], [3] * 16, [5] * 16),
    ],
)
def test_other_numbers_are_no_choice(depths, kernels, expansions):
    with pytest.raises(SearchError):
        SPACE.choice(depths, kernels, expansions)


@pytest.mark.parametrize(("hop", "strides"), [(1, [1, 1]), (2, [2, 1]), (4, [4, 1]), (8, [4, 2])])
def test_strides_in_time_keep_what_divides_the_hop(hop, strides):
    found = streamable(Skeleton(8, 4, 0, ((8, 2),)), hop, series=True)
    assert [found.stem_stride, found.stages[0][1]] == strides


def test_a_stem_that_spans_all_columns_makes_series_of_images_of_any_width():
    for width in (10, 41):
        arch = make_space((49, width, 1), 1.0, 0.5, TEMPORAL_SPECTROGRAMS)
        arch = arch.arch(arch.largest())
        assert arch.stem_kernel == (5, width) and arch.stem_stride == (2, width)
        made = arch.layers(12)
        assert {layer.out_width for layer in made} == {1}
        assert all(block.kernel[1] == 1 and block.residual for block in arch.blocks)
