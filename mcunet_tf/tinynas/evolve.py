# SPDX-License-Identifier: Apache-2.0
"""Evolution under an exact budget, after MCUNet (Lin et al., arXiv:2007.10319).

What does not fit is never scored: sub-networks are drawn until one fits, a bounded number of times.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import BudgetError
from mcunet_tf.tinynas.checks import check_real, check_whole
from mcunet_tf.tinynas.space import Space, Subnet

Fits = Callable[[Subnet], bool]
Score = Callable[[Sequence[Subnet]], npt.ArrayLike]


@dataclasses.dataclass(frozen=True)
class Evolution:
    """Sizes of an evolution, by default those of the paper.

    Attributes:
        population: sub-networks of a generation.
        parents: the best of them, which the next generation descends from.
        generations: number of generations behind the first one.
        mutation: chance of each number of a child to be drawn anew.
        tries: draws for each place of a generation before the budget is called impossible.

    Raises:
        SearchError: a number is out of range.
    """

    population: int = 100
    parents: int = 20
    generations: int = 30
    mutation: float = 0.1
    tries: int = 200

    def __post_init__(self) -> None:
        for name in ("population", "parents", "tries"):
            check_whole(name, getattr(self, name), 1)
        check_whole("generations", self.generations, 0)
        check_real("mutation", self.mutation, 0.0, 1.0)


@dataclasses.dataclass(frozen=True)
class Scored:
    """A sub-network that fits, and how good it is."""

    choice: Subnet
    score: float


def sample_fitting(space: Space, fits: Fits, rng: np.random.Generator, tries: int) -> Subnet:
    """Draws until a sub-network fits.

    Early draws are uniform; later ones are crossed with the smallest sub-network more and more, so
    that a tight budget is met too.

    Raises:
        BudgetError: not even the smallest sub-network fits, or none was found.
    """
    smallest = space.smallest()
    for attempt in range(tries):
        choice = space.sample(rng)
        if attempt >= tries // 4:
            choice = _cross(space, choice, smallest, rng, attempt / tries)
        if fits(choice):
            return choice
    if fits(smallest):
        return smallest
    raise BudgetError(
        f"no sub-network of width {space.width} at {space.input_shape[0]} x {space.input_shape[1]} "
        "fits the budget, not even the smallest: raise the budget, or allow smaller spaces"
    )


def evolve(
    space: Space,
    fits: Fits,
    score: Score,
    rng: np.random.Generator,
    evolution: Evolution = Evolution(),
    first: Sequence[Subnet] = (),
    report: Callable[[int, list[Scored]], None] | None = None,
) -> list[Scored]:
    """Evolves sub-networks towards high scores.

    Args:
        space: the search space.
        fits: says whether a sub-network keeps the budget; what does not is never scored.
        score: gives the scores of a batch of sub-networks; higher is better.
        rng: generator of all randomness.
        evolution: sizes of the evolution.
        first: sub-networks to begin with; those that do not fit are left out.
        report: called with (generation, its members, best first).

    Returns:
        Every sub-network that was scored, best first.

    Raises:
        BudgetError: nothing fits.
    """
    known: dict[Subnet, float] = {}
    members = [choice for choice in dict.fromkeys(first) if fits(choice)][: evolution.population]
    while len(members) < evolution.population:
        members.append(sample_fitting(space, fits, rng, evolution.tries))
    for generation in range(evolution.generations + 1):
        fresh = [choice for choice in dict.fromkeys(members) if choice not in known]
        if fresh:
            known.update(zip(fresh, map(float, np.asarray(score(fresh))), strict=True))
        # Ties fall to the order of birth, so that a seed repeats.
        ranked = sorted((Scored(c, known[c]) for c in members), key=lambda s: -s.score)
        if report:
            report(generation, ranked)
        parents = list(dict.fromkeys(s.choice for s in ranked))[: evolution.parents]
        if generation < evolution.generations:
            members = [*parents, *_children(space, fits, rng, evolution, parents)]
    return sorted((Scored(c, s) for c, s in known.items()), key=lambda s: -s.score)


def _children(
    space: Space,
    fits: Fits,
    rng: np.random.Generator,
    evolution: Evolution,
    parents: Sequence[Subnet],
) -> list[Subnet]:
    """Half of a population by mutation and half by crossover, all of which fit."""

    def mutate() -> Subnet:
        return _mutate(space, _pick(parents, rng), rng, evolution.mutation)

    def cross() -> Subnet:
        return _cross(space, _pick(parents, rng), _pick(parents, rng), rng, 0.5)

    half = evolution.population // 2
    made = []
    for breed in [mutate] * half + [cross] * (evolution.population - half):
        child = next((c for c in (breed() for _ in range(evolution.tries)) if fits(c)), None)
        # Where mutation keeps missing a tight budget, a parent takes the place.
        made.append(child if child is not None else _pick(parents, rng))
    return made


def _pick(choices: Sequence[Subnet], rng: np.random.Generator) -> Subnet:
    return choices[int(rng.integers(len(choices)))]


def _mutate(space: Space, choice: Subnet, rng: np.random.Generator, chance: float) -> Subnet:
    def drawn(value: int, candidates: Sequence[int]) -> int:
        return int(rng.choice(candidates)) if rng.random() < chance else value

    depths = [drawn(d, s.depths) for d, s in zip(choice.depths, space.stages, strict=True)]
    kernels = [drawn(kernel, space.family.kernels) for kernel in choice.kernels]
    expansions = [drawn(e, space.family.expansions) for e in choice.expansions]
    return space.choice(depths, kernels, expansions)


def _cross(
    space: Space, one: Subnet, other: Subnet, rng: np.random.Generator, share: float
) -> Subnet:
    """Takes every number from `other` with the given chance, else from `one`."""

    def mixed(a: Sequence[int], b: Sequence[int]) -> list[int]:
        taken = rng.random(len(a)) < share
        return [y if t else x for x, y, t in zip(a, b, taken, strict=True)]

    depths = mixed(one.depths, other.depths)
    kernels = mixed(one.kernels, other.kernels)
    return space.choice(depths, kernels, mixed(one.expansions, other.expansions))
