# SPDX-License-Identifier: Apache-2.0
"""Batches that a thread prepares are those of the source, and so are its failures."""

import contextlib
import threading

import pytest

from mcunet_tf.tinynas.ahead import ahead


def test_items_come_in_their_order_and_once():
    assert list(ahead(range(7))) == list(range(7))
    assert list(ahead([])) == []


def test_the_next_item_is_made_while_this_one_is_used():
    made = threading.Event()

    def source():
        yield "first"
        made.set()
        yield "second"

    with contextlib.closing(ahead(source())) as items:
        assert next(items) == "first"
        assert made.wait(10)


def test_a_failure_of_the_source_comes_behind_what_it_gave_before():
    def source():
        yield 1
        raise OSError("the disk is gone")

    items = ahead(source())
    assert next(items) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)


def test_a_source_that_is_left_early_is_asked_no_more():
    given = []

    def source():
        for number in range(1000):
            given.append(number)
            yield number

    with contextlib.closing(ahead(source())) as items:
        assert next(items) == 0
    assert len(given) <= 4
