"""The mutations: each still applies to today's code, and every room has some."""

from __future__ import annotations

import ast
from collections import Counter

from tests.mutations.mutation import ROOMS, ROOT, read_mutations


def test_every_mutation_applies_to_the_code_and_leaves_it_valid() -> None:
    for mutation in read_mutations():
        ast.parse(mutation.apply(ROOT), mutation.file)


def test_every_test_that_is_named_exists() -> None:
    named = {test for mutation in read_mutations() for test in mutation.tests}
    named.update(*ROOMS.values())
    assert [test for test in sorted(named) if not (ROOT / test).exists()] == []


def test_every_room_has_some() -> None:
    mutations = read_mutations()
    assert len({mutation.name for mutation in mutations}) == len(mutations) >= 60
    count = Counter(mutation.room for mutation in mutations)
    assert set(count) == set(ROOMS)
    assert min(count.values()) >= 5
