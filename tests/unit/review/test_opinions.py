from __future__ import annotations

from itertools import permutations

import pytest

from reknown.biometrics.errors import InputError
from reknown.review.opinions import (
    LONGEST_NOTE,
    CandidateJudgement,
    Ground,
    Opinion,
    judgement_digest,
    note_digest,
    seeds_digest,
    shuffled,
)

SAME = CandidateJudgement(Opinion.SAME, (Ground.EARS, Ground.EYES), "a scar")


def test_a_judgement_needs_a_ground_and_a_note_of_some_length() -> None:
    with pytest.raises(InputError, match="face-shape, hairline"):
        CandidateJudgement(Opinion.SAME, ())
    for note in ("", "x" * (LONGEST_NOTE + 1)):
        with pytest.raises(InputError, match="note"):
            CandidateJudgement(Opinion.SAME, (Ground.EARS,), note)


def test_grounds_are_codes_in_one_order_each_once() -> None:
    assert CandidateJudgement(Opinion.SAME, (Ground.EARS, Ground.EYES, Ground.EARS)).codes == (
        "eyes",
        "ears",
    )


def test_a_digest_changes_with_all_that_it_binds() -> None:
    digests = {
        judgement_digest("case", 1, "cli:ada", SAME, "salt"),
        judgement_digest("other", 1, "cli:ada", SAME, "salt"),
        judgement_digest("case", 2, "cli:ada", SAME, "salt"),
        judgement_digest("case", 1, "cli:bob", SAME, "salt"),
        judgement_digest("case", 1, "cli:ada", SAME, "other"),
        *(
            judgement_digest("case", 1, "cli:ada", judgement, "salt")
            for judgement in (
                CandidateJudgement(Opinion.DIFFERENT, SAME.grounds, SAME.note),
                CandidateJudgement(Opinion.SAME, (Ground.EARS,), SAME.note),
                CandidateJudgement(Opinion.SAME, SAME.grounds, None),
            )
        ),
    }
    assert len(digests) == 8


def test_a_note_cannot_be_guessed_without_its_salt() -> None:
    assert note_digest(None, "salt") is None
    assert note_digest("a scar", "salt") != note_digest("a scar", "other")


def test_which_candidates_are_seeded_is_bound_too() -> None:
    assert seeds_digest("case", [2, 1], "salt") == seeds_digest("case", [1, 2], "salt")
    assert seeds_digest("case", [], "salt") != seeds_digest("case", [1], "salt")


def test_every_order_comes_up_and_belongs_to_its_seed() -> None:
    orders = {tuple(shuffled([1, 2, 3], str(seed))) for seed in range(100)}
    assert orders == set(permutations([1, 2, 3]))
    assert shuffled([3, 1, 2], "seed") == shuffled([1, 2, 3], "seed")
