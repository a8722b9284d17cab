from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from reknown.biometrics.errors import ImageError, InputError, NotFoundError, SpaceMismatchError
from reknown.cli.demo_pictures import jpeg
from reknown.ledger.actor import Actor
from reknown.services import galleries
from reknown.services.decision import Threshold, threshold_at_similarity
from reknown.services.identification import Identification, Identifier

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.ledger.events import Event
    from reknown.services.enrolment import EnrolmentResult
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

    Enrol = Callable[..., EnrolmentResult]
    Identify = Callable[..., Identification]


@pytest.fixture
def identify(
    engine: Engine, database: Database, collection: str, tmp_path: Path
) -> Callable[..., Identification]:
    def identify_one(
        data: bytes, threshold: Threshold | None = None, limit: int = 5
    ) -> Identification:
        limits = threshold or threshold_at_similarity(engine.calibration)
        identifier = Identifier(engine, database, collection, limits, Actor("tester"))
        path = tmp_path / "probe.jpg"
        path.write_bytes(data)
        ((shown, found),) = identifier.identify_all([path], limit)
        assert shown == path
        assert isinstance(found, Identification)
        return found

    return identify_one


def _group(eileen: bytes, grace: bytes) -> bytes:
    """Grace large on the left, Eileen small on the right."""
    canvas = Image.new("RGB", (600, 400))
    canvas.paste(Image.open(io.BytesIO(grace)).resize((400, 400)), (0, 0))
    canvas.paste(Image.open(io.BytesIO(eileen)).resize((200, 200)), (400, 100))
    return jpeg(canvas)


def _smaller(data: bytes, side: int) -> bytes:
    return jpeg(Image.open(io.BytesIO(data)).resize((side, side), Image.Resampling.LANCZOS))


def _searches(database: Database) -> list[Event]:
    return [event for event in galleries.list_events(database) if event.operation == "identify"]


def test_every_face_of_a_picture_is_searched_and_not_only_the_largest(
    enrol: Enrol, identify: Identify, eileen: bytes, grace: bytes
) -> None:
    enrol(eileen, "Eileen")
    enrol(grace, "Grace")
    found = identify(_group(eileen, grace))
    assert [[c.user for c in row.candidates] for row in found.candidates] == [["Grace"], ["Eileen"]]
    (large, _), (small, _) = found.faces()
    assert large.box.area > small.box.area


def test_a_stranger_has_no_candidates(
    enrol: Enrol, identify: Identify, eileen: bytes, grace: bytes
) -> None:
    enrol(eileen)
    (row,) = identify(grace).candidates
    assert row.candidates == ()
    assert row.gallery_size == 1


def test_a_user_is_scored_by_the_best_of_its_faces(
    enrol: Enrol, identify: Identify, engine: Engine, eileen: bytes, grace: bytes
) -> None:
    ids = {}
    for name, data in (("far.jpg", _smaller(eileen, 120)), ("near.jpg", _smaller(eileen, 280))):
        face = enrol(data, "Eileen", name).face
        assert face is not None
        ids[name] = face.face_id
    enrol(grace, "Grace")
    (row,) = identify(eileen, Threshold(-1.0, engine.calibration)).candidates
    assert [(c.rank, c.user) for c in row.candidates] == [(1, "Eileen"), (2, "Grace")]
    assert row.candidates[0].face_id == ids["near.jpg"]
    assert row.gallery_size == 2


def test_candidates_reach_the_threshold_and_no_more_than_asked_for(
    enrol: Enrol, identify: Identify, engine: Engine, eileen: bytes, grace: bytes
) -> None:
    enrol(eileen, "Eileen")
    enrol(grace, "Grace")
    (everyone,) = identify(eileen, Threshold(-1.0, None)).candidates
    stranger = everyone.candidates[1].score
    (at,) = identify(eileen, Threshold(stranger, None)).candidates
    (above,) = identify(eileen, Threshold(stranger + 1e-4, None)).candidates
    (one,) = identify(eileen, Threshold(-1.0, None), limit=1).candidates
    assert [len(row.candidates) for row in (at, above, one)] == [2, 1, 1]


def test_candidates_say_what_their_score_means(
    enrol: Enrol, identify: Identify, engine: Engine, eileen: bytes
) -> None:
    enrol(eileen)
    threshold = threshold_at_similarity(engine.calibration, 80)
    (row,) = identify(_smaller(eileen, 250)).candidates
    (candidate,) = row.candidates
    assert candidate.similarity is not None
    assert candidate.similarity > 80
    assert candidate.false_match_rate is not None
    assert candidate.false_match_rate < 1e-4
    assert row.expected_false_candidates == pytest.approx(1e-4, rel=0.01)
    assert row.threshold == threshold.score


def test_without_calibration_only_scores_are_given(
    enrol: Enrol, identify: Identify, eileen: bytes
) -> None:
    enrol(eileen)
    (row,) = identify(eileen, Threshold(0.9, None)).candidates
    (candidate,) = row.candidates
    assert (candidate.similarity, candidate.false_match_rate) == (None, None)
    assert row.expected_false_candidates is None


def test_each_picture_leaves_one_event_before_its_answer_is_given_out(
    enrol: Enrol,
    engine: Engine,
    database: Database,
    collection: str,
    people: Path,
    eileen: bytes,
) -> None:
    enrolled = enrol(eileen).face
    assert enrolled is not None
    threshold = threshold_at_similarity(engine.calibration)
    identifier = Identifier(engine, database, collection, threshold, Actor("cli:somebody"))
    blank = people / "blank.png"
    Image.new("RGB", (100, 100)).save(blank)
    paths = [*sorted(people.rglob("*.jpg")), blank]
    for number, (_, found) in enumerate(identifier.identify_all(paths), 1):
        assert isinstance(found, Identification)
        events = _searches(database)
        assert len(events) == number
        assert events[-1].actor == "cli:somebody"
        assert events[-1].collection == collection
        assert events[-1].detail == {
            "image": found.photo.image.sha256,
            "threshold": threshold.score,
            "gallery_size": 1,
            "faces": [[c.face_id for c in row.candidates] for row in found.candidates],
        }
    candidates = [event.detail["faces"] for event in _searches(database)]
    assert candidates == [[[enrolled.face_id]], [[]], []]


def test_no_event_holds_a_template_or_a_picture(
    enrol: Enrol, identify: Identify, database: Database, engine: Engine, eileen: bytes
) -> None:
    enrol(eileen)
    found = identify(eileen)
    (template,) = engine.embed(found.photo.image, found.photo.faces)
    ledger = json.dumps([event.detail for event in galleries.list_events(database)])
    assert len(ledger) < 2000
    raw = template.vector.tobytes()
    for secret in (raw.hex(), base64.b64encode(raw).decode(), base64.b64encode(eileen).decode()):
        assert secret[:24] not in ledger
    assert not any(f"{value:.4f}" in ledger for value in template.vector[:20] if value)


def test_an_empty_collection_gives_no_candidates(identify: Identify, eileen: bytes) -> None:
    (row,) = identify(eileen).candidates
    assert (row.candidates, row.gallery_size, row.expected_false_candidates) == ((), 0, 0)


def test_a_picture_that_cannot_be_read_gives_its_error_and_the_others_their_answers(
    engine: Engine, database: Database, collection: str, people: Path
) -> None:
    broken, absent = people / "broken.jpg", people / "absent.jpg"
    broken.write_bytes(b"no picture")
    good = people / "Eileen Collins" / "1.jpg"
    identifier = Identifier(engine, database, collection, Threshold(0.9, None), Actor("tester"))
    results = dict(identifier.identify_all([broken, good, absent]))
    assert isinstance(results[broken], ImageError)
    assert isinstance(results[absent], InputError)
    assert isinstance(results[good], Identification)
    assert len(_searches(database)) == 1


def test_an_unknown_collection_is_not_found(engine: Engine, database: Database) -> None:
    with pytest.raises(NotFoundError):
        Identifier(engine, database, "nobody", Threshold(0.9, None), Actor("tester"))


def test_a_collection_of_another_space_is_not_searched(engine: Engine, database: Database) -> None:
    other = replace(engine.space, pack="other", fingerprint="ab" * 32)
    galleries.create_collection(database, "others", other, {}, Actor("tester"))
    with pytest.raises(SpaceMismatchError, match="other"):
        Identifier(engine, database, "others", Threshold(0.9, None), Actor("tester"))
