from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from contexts import events, make_context
from portraits import nobody, spoilt
from reknown.biometrics.errors import (
    ImageError,
    InputError,
    ModelNotFoundError,
    NoFaceError,
    NotFoundError,
    SpaceMismatchError,
)
from reknown.biometrics.quality_filter import DEFAULT_FILTER
from reknown.biometrics.thresholds import Threshold, ThresholdChoice
from reknown.cli.demo_images import jpeg
from reknown.gallery.collections import create_collection
from reknown.ledger.records import IdentifyRecord, ProbeRecord, SpaceRecord, ThresholdRecord
from reknown.services.context import Actor
from reknown.services.galleries.enrolment import GroupImage, enrol_group
from reknown.services.galleries.users import UserRequest, delete_user
from reknown.services.searches import images as module
from reknown.services.searches.images import (
    Identification,
    ProbeChoice,
    identify,
    identify_all,
)
from reknown.services.searches.search import Query, Unit, look_up, open_search

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.services.searches.search import Scores
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

    Enrol = Callable[..., EnrolmentResult]

EVERYTHING = ThresholdChoice(score=-1.0)


def search(
    context: Context, data: bytes, choice: ThresholdChoice = ThresholdChoice(), limit: int = 5
) -> Identification:
    return identify(context, Query("people", choice, limit), data)


def searches(context: Context) -> list[IdentifyRecord]:
    found = [event.record for event in events(context, "identify")]
    return [record for record in found if isinstance(record, IdentifyRecord)]


def _group(eileen: bytes, grace: bytes) -> bytes:
    """Grace large on the left, Eileen small on the right."""
    canvas = Image.new("RGB", (600, 400))
    canvas.paste(Image.open(io.BytesIO(grace)).resize((400, 400)), (0, 0))
    canvas.paste(Image.open(io.BytesIO(eileen)).resize((200, 200)), (400, 100))
    return jpeg(canvas)


def _smaller(data: bytes, side: int) -> bytes:
    return jpeg(Image.open(io.BytesIO(data)).resize((side, side), Image.Resampling.LANCZOS))


def test_every_face_of_an_image_is_searched_and_not_only_the_largest(
    context: Context, enrol: Enrol, eileen: bytes, grace: bytes
) -> None:
    enrol(eileen, "Eileen")
    enrol(grace, "Grace")
    found = search(context, _group(eileen, grace))
    assert [[c.user for c in row] for row in found.found.rows] == [["Grace"], ["Eileen"]]
    (large, _), (small, _) = found.faces()
    assert large.box.area > small.box.area


def test_a_stranger_has_no_candidates(
    context: Context, enrol: Enrol, eileen: bytes, grace: bytes
) -> None:
    enrol(eileen)
    (row,) = search(context, grace).found.lists
    assert row.candidates == ()
    assert row.gallery_size == 1


def test_a_user_is_scored_by_the_best_of_its_faces(
    context: Context, enrol: Enrol, engine: Engine, eileen: bytes, grace: bytes
) -> None:
    ids = {}
    for name, data in (("far.jpg", _smaller(eileen, 120)), ("near.jpg", _smaller(eileen, 280))):
        face = enrol(data, "Eileen", name).face
        assert face is not None
        ids[name] = face.face_id
    enrol(grace, "Grace")
    (row,) = search(context, eileen, EVERYTHING).found.lists
    assert [(c.rank, c.user) for c in row.candidates] == [(1, "Eileen"), (2, "Grace")]
    assert row.candidates[0].face_id == ids["near.jpg"]
    assert row.gallery_size == 2


def test_candidates_reach_the_threshold_and_no_more_than_asked_for(
    context: Context, enrol: Enrol, engine: Engine, eileen: bytes, grace: bytes
) -> None:
    enrol(eileen, "Eileen")
    enrol(grace, "Grace")
    (everyone,) = search(context, eileen, EVERYTHING).found.lists
    stranger = everyone.candidates[1].score
    (at,) = search(context, eileen, ThresholdChoice(score=stranger)).found.lists
    (above,) = search(context, eileen, ThresholdChoice(score=stranger + 1e-4)).found.lists
    (one,) = search(context, eileen, EVERYTHING, limit=1).found.lists
    assert [len(row.candidates) for row in (at, above, one)] == [2, 1, 1]


def test_candidates_say_what_their_score_means(
    context: Context, enrol: Enrol, engine: Engine, eileen: bytes
) -> None:
    enrol(eileen)
    threshold = ThresholdChoice(80).resolve(engine.calibration)
    (row,) = search(context, _smaller(eileen, 250)).found.lists
    (candidate,) = row.candidates
    assert candidate.similarity is not None
    assert candidate.similarity > 80
    assert candidate.false_match_rate is not None
    assert candidate.false_match_rate < 1e-4
    assert row.expected_false_candidates == pytest.approx(1e-4, rel=0.01)
    assert row.threshold == threshold.score


def test_without_calibration_only_scores_are_given(
    database: Database, engine: Engine, eileen: bytes
) -> None:
    context = make_context(database, replace(engine, calibration=None))
    with database.begin() as connection:
        create_collection(connection, "people", engine.space)
    enrol_group(context, "people", GroupImage(eileen))
    (row,) = search(context, eileen, ThresholdChoice(score=0.9)).found.lists
    (candidate,) = row.candidates
    assert (candidate.similarity, candidate.false_match_rate) == (None, None)
    assert row.expected_false_candidates is None
    (record,) = searches(context)
    assert (record.threshold, record.candidates[0][0].similarity) == (
        ThresholdRecord(0.9, None, None),
        None,
    )


def test_each_image_leaves_one_event_before_its_answer_is_given_out(
    context: Context, enrol: Enrol, engine: Engine, people: Path, eileen: bytes
) -> None:
    enrolled = enrol(eileen).face
    assert enrolled is not None
    blank = people / "blank.png"
    Image.new("RGB", (100, 100)).save(blank)
    paths = [*sorted(people.rglob("*.jpg")), blank]
    ours = context.by(Actor("cli:somebody"))
    threshold = ThresholdChoice(80).resolve(engine.calibration)
    for number, (source, found) in enumerate(identify_all(ours, Query("people"), paths)):
        assert source == paths[number]
        assert isinstance(found, Identification)
        assert len(searches(context)) == number + 1
        event, record = events(context)[-1], searches(context)[-1]
        assert (event.actor, event.collection) == ("cli:somebody", "people")
        assert record.probe == ProbeRecord("image", found.extraction.image.sha256)
        assert record.space == SpaceRecord.of(engine.space)
        assert record.threshold == ThresholdRecord.of(threshold)
        assert (record.searched, record.gallery_size, record.references) == ("subjects", 1, 1)
    told = [
        [[(c.face_id, c.subject_id) for c in row] for row in record.candidates]
        for record in searches(context)
    ]
    assert told == [[[(enrolled.face_id, enrolled.subject_id)]], [[]], []]
    (candidate,) = searches(context)[0].candidates[0]
    assert candidate.score == pytest.approx(1)
    assert candidate.similarity == pytest.approx(100)


def test_no_event_holds_a_name_a_template_or_an_image(
    context: Context, enrol: Enrol, engine: Engine, eileen: bytes
) -> None:
    enrol(eileen)
    ((_, template),) = search(context, eileen).extraction.fit
    with context.database.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM events").all()
    ledger = repr(rows)
    assert "Eileen" not in ledger
    assert len(ledger) < 4000
    raw = template.vector.tobytes()
    for secret in (raw.hex(), base64.b64encode(raw).decode(), base64.b64encode(eileen).decode()):
        assert secret[:24] not in ledger
    assert not any(f"{value:.4f}" in ledger for value in template.vector[:20] if value)


def test_an_empty_collection_gives_no_candidates(
    context: Context, collection: str, eileen: bytes
) -> None:
    (row,) = search(context, eileen).found.lists
    assert (row.candidates, row.gallery_size, row.expected_false_candidates) == ((), 0, 0)


def test_an_image_that_cannot_be_read_gives_its_error_and_the_others_their_answers(
    context: Context, collection: str, people: Path
) -> None:
    broken, absent = people / "broken.jpg", people / "absent.jpg"
    broken.write_bytes(b"no image")
    good = people / "Eileen Collins" / "1.jpg"
    results = dict(identify_all(context, Query(collection), [broken, good, absent]))
    assert isinstance(results[broken], ImageError)
    assert isinstance(results[absent], InputError)
    assert isinstance(results[good], Identification)
    assert len(searches(context)) == 1


def test_what_is_searched_can_be_known_before(
    context: Context, enrol: Enrol, engine: Engine, eileen: bytes, grace: bytes
) -> None:
    enrol(eileen)
    enrol(grace, "Grace")
    delete_user(context, UserRequest("people", "Grace"), keep_faces=True)
    sizes = {
        unit: (found.gallery_size, found.references)
        for unit in Unit
        for found in [open_search(context, Query("people", unit=unit))]
    }
    assert sizes == {Unit.REFERENCES: (2, 2), Unit.USERS: (1, 1), Unit.SUBJECTS: (2, 2)}
    searched = open_search(context, Query("people"))
    assert isinstance(searched.threshold, Threshold)
    assert searched.expected_false_candidates == pytest.approx(2e-4, rel=0.01)
    assert searched.caution is None
    lax = open_search(context, Query("people", ThresholdChoice(40)))
    assert lax.caution is not None


@pytest.mark.parametrize("unit", Unit)
def test_candidates_are_what_is_asked_for(
    context: Context, enrol: Enrol, eileen: bytes, unit: Unit
) -> None:
    ids = set()
    for name, side in (("1.jpg", 300), ("2.jpg", 250)):
        face = enrol(_smaller(eileen, side), "Eileen", name).face
        assert face is not None
        ids.add(face.face_id)
    loose = enrol_group(context, "people", GroupImage(_smaller(eileen, 200))).stored[0].face_id
    found = identify(context, Query("people", unit=unit), eileen).found
    (row,) = found.rows
    expected = {
        Unit.REFERENCES: ["Eileen", "Eileen", None],
        Unit.USERS: ["Eileen"],
        Unit.SUBJECTS: ["Eileen", None],
    }
    assert [candidate.user for candidate in row] == expected[unit]
    assert [candidate.rank for candidate in row] == list(range(1, len(row) + 1))
    assert {c.face_id for c in row} <= ids | {loose}
    assert set(found.faces) == {c.face_id for c in row}


def test_only_the_faces_chosen_are_probes(
    context: Context, enrol: Enrol, eileen: bytes, grace: bytes
) -> None:
    enrol(eileen, "Eileen")
    both = _group(eileen, grace)
    one = identify(context, Query("people"), both, ProbeChoice(limit=1))
    assert (len(one.found.rows), len(one.extraction.surplus)) == (1, 1)
    largest = identify(context, Query("people"), both, ProbeChoice(largest=1))
    assert (len(largest.found.rows), len(largest.extraction.found)) == (1, 1)


def test_an_image_without_a_probe_is_an_error_only_if_one_is_required(
    context: Context, collection: str
) -> None:
    assert identify(context, Query(collection), nobody()).found.rows == ()
    with pytest.raises(NoFaceError, match="no face found in the image"):
        identify(context, Query(collection), nobody(), ProbeChoice(required=True))
    choice = ProbeChoice(DEFAULT_FILTER, required=True)
    with pytest.raises(NoFaceError, match="quality filter"):
        identify(context, Query(collection), spoilt()["LOW_SHARPNESS"], choice)
    assert len(searches(context)) == 1


def test_what_was_deleted_meanwhile_is_no_candidate(
    context: Context, enrol: Enrol, eileen: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(eileen)
    compared = look_up

    def deleting(*arguments: Any) -> Scores:
        scores = compared(*arguments)
        assert len(scores.rows[0]) == 1
        delete_user(context, UserRequest("people", "Eileen Collins"), keep_faces=False)
        return scores

    monkeypatch.setattr(module, "look_up", deleting)
    assert search(context, eileen).found.rows == ((),)
    assert searches(context)[0].candidates == ((),)


def test_an_unknown_collection_is_not_found(context: Context, eileen: bytes) -> None:
    with pytest.raises(NotFoundError):
        open_search(context, Query("nobody"))
    with pytest.raises(NotFoundError):
        identify(context, Query("nobody"), eileen)


def test_a_collection_whose_pack_is_not_the_same_any_more_is_not_searched(
    context: Context, database: Database, engine: Engine, eileen: bytes
) -> None:
    with database.begin() as connection:
        create_collection(connection, "others", replace(engine.space, fingerprint="ab" * 32))
    with pytest.raises(SpaceMismatchError):
        open_search(context, Query("others"))
    with pytest.raises((SpaceMismatchError, ModelNotFoundError)):
        identify(context, Query("others"), eileen)
