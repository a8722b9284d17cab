"""Cases of searches among what was seen: judged as those of searches among references are."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from contexts import events
from reknown.biometrics.errors import AccessError, InputError
from reknown.gallery.faces import delete_faces, list_faces
from reknown.gallery.schema import sightings
from reknown.gallery.sightings import SightingChoice
from reknown.gallery.sightings import delete_sightings as delete_stored
from reknown.ledger.records import DecideCaseRecord, OpenCaseRecord
from reknown.review import check_packet
from reknown.review.opinions import CandidateJudgement, Ground, Opinion
from reknown.review.schema import review_notes
from reknown.review.states import CaseOutcome, CaseState
from reknown.services.archive.sightings import delete_sightings
from reknown.services.galleries.erasure import erase_subject
from reknown.services.reviews import cases
from reknown.services.reviews.packets import make_packet
from reknown.services.reviews.rates import review_rates
from reknown.storage.clock import as_text
from reknown.storage.database import reading
from unit.services.reviews.desks import ANN, BEN, CEM, COLLECTION, SEARCHER
from unit.services.reviews.sights import ALIKE, PERSON, STRANGERS, Sights

if TYPE_CHECKING:
    from reknown.ledger.actor import Actor
    from reknown.services.reviews.cases import ShownCase
    from unit.services.reviews.desks import Desks


@pytest.fixture
def sights(desks: Desks) -> Sights:
    return Sights(desks)


@pytest.fixture
def ids(sights: Sights) -> dict[str, str]:
    """Of what was seen, by what it is."""
    return sights.fill()


def opened(desks: Desks) -> OpenCaseRecord:
    record = events(desks.context, "open case")[-1].record
    assert isinstance(record, OpenCaseRecord)
    return record


def decided(desks: Desks) -> DecideCaseRecord:
    record = events(desks.context, "decide case")[-1].record
    assert isinstance(record, DecideCaseRecord)
    return record


def seen(shown: ShownCase) -> set[str]:
    return {it.sighting.sighting.sighting_id for it in shown.candidates if it.sighting}


def judge(desks: Desks, actor: Actor, case: str, same: str, note: str | None = None) -> None:
    """Judges all that is left, different but for one sighting."""
    shown = desks.read(actor, case)
    for it in shown.candidates:
        if it.number not in shown.left:
            continue
        assert it.sighting is not None
        alike = it.sighting.sighting.sighting_id == same
        opinion = Opinion.SAME if alike else Opinion.DIFFERENT
        judgement = CandidateJudgement(opinion, (Ground.EARS,), note)
        cases.judge(desks.by(actor), COLLECTION, case, it.number, judgement, adjudicate=None)


def test_what_reaches_the_bound_is_a_case_of_its_search(
    desks: Desks, sights: Sights, ids: dict[str, str]
) -> None:
    found = sights.find()
    record = opened(desks)
    (event,) = events(desks.context, "search sightings")
    assert (record.case, record.search, record.probe) == (found.case, event.id, 1)
    assert (record.candidates, record.reviewers) == (3, 2)
    shown = desks.read(ANN, record.case)
    assert seen(shown) == {ids[name] for name in ALIKE}
    assert all(it.face is None for it in shown.candidates)
    assert (shown.case.searcher, shown.case.probe.kind) == (SEARCHER.name, "user")
    second = found.matches[1].comparison.similarity
    desks.set(review_from=second)
    sights.find()
    assert opened(desks).candidates == 2
    desks.set(reviewers=0)
    assert sights.find().case is None


def test_the_search_and_its_case_are_one_transaction(
    desks: Desks, sights: Sights, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ids
    monkeypatch.setattr("reknown.services.reviews.opening.seeds_digest", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sights.find()
    assert not events(desks.context, "search sightings")


def test_people_decide_blind_settle_and_contest(
    desks: Desks, sights: Sights, ids: dict[str, str]
) -> None:
    case = sights.open()
    with pytest.raises(AccessError, match="has seen its scores"):
        desks.judge(SEARCHER, case, 1)
    hidden = desks.read(ANN, case)
    assert {(it.rank, it.score, it.similarity, it.seeded) for it in hidden.candidates} == {
        (None, None, None, None)
    }
    judge(desks, ANN, case, ids["first"])
    judge(desks, BEN, case, ids["second"])
    assert desks.read(CEM, case).case.state is CaseState.DISPUTED
    judge(desks, CEM, case, ids["first"])
    record = decided(desks)
    assert record.outcome == "lead"
    assert {it.sighting_id: it.opinion for it in record.candidates} == {
        ids["first"]: "same",
        ids["second"]: "different",
        ids["third"]: "different",
    }
    told = desks.read(ANN, case)
    ranks = {it.rank: it.sighting.sighting.sighting_id for it in told.candidates if it.sighting}
    assert ranks == dict(enumerate((ids[name] for name in ALIKE), 1))
    assert cases.appeal(desks.context, COLLECTION, case, "complaint").round == 2
    assert desks.read(ANN, case).case.state is CaseState.OPEN


def test_decisions_count_as_those_on_references_do(
    desks: Desks, sights: Sights, ids: dict[str, str]
) -> None:
    desks.set(reviewers=1, review_seeds=1.0)
    case = sights.open()
    judge(desks, ANN, case, ids["first"])
    (month,) = review_rates(desks.context, COLLECTION)
    assert (month.cases, month.same, month.different) == (1, 1, 2)
    assert (month.seeded_errors.count, month.seeded_errors.total) == (0, 3)


def test_known_non_mates_are_of_other_people_and_fit_to_be_enrolled(
    desks: Desks, sights: Sights, ids: dict[str, str]
) -> None:
    """Neither of a candidate's group, nor of one with the person's name, nor two of one group."""
    strangers = [ids[f"stranger {number}"] for number in range(STRANGERS)]
    mates, named, together = strangers[:10], strangers[10:20], strangers[20:34]
    blurred, free = strangers[34:38], set(strangers[38:])
    sights.group(ids["first"], *mates)
    sights.group(*named, user=PERSON)
    sights.group(*together)
    with desks.context.database.begin() as connection:
        unfit = update(sightings).where(sightings.c.sighting_id.in_(blurred))
        connection.execute(unfit.values(fit=False))
    desks.set(review_seeds=1.0)
    for _ in range(5):
        mixed_in = seen(desks.read(ANN, sights.open())) - {ids[name] for name in ALIKE}
        assert mixed_in >= free
        assert len(mixed_in & set(together)) == 1
        assert len(mixed_in) == 3


def test_no_one_who_scores_high_is_taken_for_a_stranger(desks: Desks, sights: Sights) -> None:
    ids = sights.fill()
    strangers = tuple(id_ for name, id_ in ids.items() if name not in ALIKE)
    delete_sightings(desks.context, COLLECTION, SightingChoice(ids=strangers))
    desks.set(review_seeds=1.0, review_from=99.9999)
    for _ in range(3):
        case = sights.find().case
        assert case is None or seen(desks.read(ANN, case)) <= {ids[name] for name in ALIKE}
    desks.set(review_seeds=1.0)
    sights.open()
    assert opened(desks).candidates == 3


def test_what_is_deleted_or_has_expired_is_no_longer_in_a_case(
    desks: Desks, sights: Sights, ids: dict[str, str]
) -> None:
    case = sights.open()
    judge(desks, ANN, case, ids["first"], note="such ears")
    delete_sightings(desks.context, COLLECTION, SightingChoice(ids=(ids["first"],)))
    shown = desks.read(BEN, case)
    (gone,) = (it for it in shown.candidates if it.sighting is None)
    assert seen(shown) == {ids["second"], ids["third"]}
    with pytest.raises(InputError, match="not to be judged"):
        desks.judge(BEN, case, gone.number)
    with reading(desks.context.database) as connection:
        assert len(connection.execute(select(review_notes)).all()) == 2
    with desks.context.database.begin() as connection:
        past = as_text(datetime.now(UTC) - timedelta(seconds=1))
        chosen = update(sightings).where(sightings.c.sighting_id == ids["second"])
        connection.execute(chosen.values(expires_at=past))
    judge(desks, BEN, case, ids["first"])
    told = {it.sighting_id: it.opinion for it in decided(desks).candidates if it.sighting_id}
    assert told == {ids["third"]: "different"}
    assert len(decided(desks).candidates) == 3


def test_an_erased_person_takes_their_sightings_out_of_cases(
    desks: Desks, sights: Sights, ids: dict[str, str]
) -> None:
    case = sights.open()
    sights.group(*(ids[name] for name in ALIKE), user=PERSON)
    assert erase_subject(desks.context, COLLECTION, PERSON).sightings == len(ALIKE)
    shown = desks.read(SEARCHER, case)
    assert seen(shown) == set()
    assert (shown.case.state, shown.case.outcome) == (
        CaseState.DECIDED,
        CaseOutcome.INCONCLUSIVE,
    )


def test_a_governed_search_that_finds_nothing_leaves_a_case(desks: Desks, sights: Sights) -> None:
    ids = sights.fill()
    found = tuple(ids[name] for name in ALIKE)
    delete_sightings(desks.context, COLLECTION, SightingChoice(ids=found))
    desks.set(
        governed=True,
        purposes=("missing-person",),
        legal_basis="consent",
        **dict.fromkeys(("keep_faces", "keep_sightings", "keep_jobs", "keep_records"), 30),
        least_similarity=80.0,
    )
    actor = replace(SEARCHER, purpose="missing-person")
    case = sights.find(actor).case
    assert case is not None
    assert desks.read(ANN, case).case.state is CaseState.NOBODY
    packet = make_packet(desks.context, COLLECTION, case)
    assert check_packet.check(packet.as_zip()) == []


def test_a_packet_discloses_it_and_any_change_is_found(
    desks: Desks, sights: Sights, ids: dict[str, str]
) -> None:
    desks.set(review_seeds=1.0)
    case = sights.open()
    for actor in (ANN, BEN):
        judge(desks, actor, case, ids["first"])
    packet = make_packet(desks.context, COLLECTION, case)
    assert check_packet.check(packet.as_zip()) == []
    assert check_packet.check(packet.as_json()) == []
    parts = {name: json.loads(part) for name, part in packet.parts.items()}
    search = parts["search"]
    assert (search["searched"], search["sightings_searched"]) == ("sightings", len(ids))
    assert [it["sighting_id"] for it in search["candidates"]] == [ids[name] for name in ALIKE]
    assert search["expected_false_candidates"] is None  # a person's references were the probe
    for change in (
        {"candidates": search["candidates"][1:]},
        {"sightings_searched": 3},
    ):
        forged = {**packet.parts, "search": check_packet.canonical({**search, **change})}
        (fault,) = check_packet.check(check_packet.as_zip(forged))
        assert fault.startswith("search: ")


@pytest.mark.parametrize("among", ["faces", "sightings"])
def test_what_another_deletes_meanwhile_is_left_out(
    desks: Desks, sights: Sights, ids: dict[str, str], among: str
) -> None:
    """On servers that share a database: its deletion is committed while the case is opened."""
    found: list[str | None] = []

    def search() -> None:
        found.append(sights.find().case if among == "sightings" else desks.search().cases[0])

    searching = threading.Thread(target=search)
    with desks.context.database.begin() as connection:
        if among == "sightings":
            delete_stored(connection, COLLECTION, SightingChoice(ids=(ids["first"],)))
        else:
            best = list_faces(connection, COLLECTION, user="Ada").items
            delete_faces(connection, COLLECTION, [face.face_id for face in best])
        searching.start()
        searching.join(1.0)
    searching.join()
    (case,) = found
    assert case is not None
    left = 2 if among == "sightings" else 3  # the person searched with is enrolled, too
    assert opened(desks).candidates == left
    assert len(desks.read(ANN, case).left) == left
