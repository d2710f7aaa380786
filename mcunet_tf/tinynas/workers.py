# SPDX-License-Identifier: Apache-2.0
"""Gives tasks to workers, any of which may die, and loses none of the tasks."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Sequence
from typing import TypeVar

from mcunet_tf.errors import SearchError

Task = TypeVar("Task")
Result = TypeVar("Result")

_ATTEMPTS_PER_TASK = 3


def run_tasks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    executor: concurrent.futures.Executor | None = None,
    report: Callable[[int, int, Result], None] | None = None,
) -> list[Result]:
    """Applies a function to every task, and returns the results in the order of the tasks.

    A task whose worker died is given out again, up to three times; what an executor that broke
    down leaves undone is done in this process.

    Args:
        function: what to apply; it must be picklable where the executor needs that.
        tasks: one argument of the function each.
        executor: any `concurrent.futures.Executor`, `dask.distributed`'s too; None does all tasks
            in this process.
        report: called with (index, number of finished tasks, result) as results come.

    Raises:
        SearchError: a task failed three times.
    """
    results: dict[int, Result] = {}

    def keep(index: int, value: Result) -> None:
        results[index] = value
        if report:
            report(index, len(results), value)

    for attempt in range(_ATTEMPTS_PER_TASK if executor is not None else 0):
        missing = [index for index in range(len(tasks)) if index not in results]
        last = attempt == _ATTEMPTS_PER_TASK - 1
        assert executor is not None
        if not missing or not _give_out(executor, function, tasks, missing, keep, last):
            break
    for index in range(len(tasks)):
        if index not in results:
            keep(index, function(tasks[index]))
    return [results[index] for index in range(len(tasks))]


def _give_out(
    executor: concurrent.futures.Executor,
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    missing: Sequence[int],
    keep: Callable[[int, Result], None],
    last: bool,
) -> bool:
    """Runs the missing tasks once; False where the executor takes no more."""
    try:
        futures = {executor.submit(function, tasks[index]): index for index in missing}
    except (concurrent.futures.BrokenExecutor, RuntimeError):
        return False
    for future in concurrent.futures.as_completed(futures):
        index = futures[future]
        try:
            value = future.result()
        except (Exception, concurrent.futures.CancelledError) as error:
            if last and not isinstance(error, concurrent.futures.BrokenExecutor):
                raise SearchError(
                    f"task {index} failed {_ATTEMPTS_PER_TASK} times: "
                    f"{type(error).__name__}: {error}"
                ) from error
            continue
        keep(index, value)
    return True
