from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

import videos
from contexts import faces
from live_frames import FilmCamera, live
from reknown.biometrics.policy import Policy
from reknown.gallery.schema import consents
from reknown.services.galleries.faces import delete_faces
from reknown.services.galleries.users import UserRequest, delete_user
from reknown.services.live.watching import Told, WatchSettings, watch
from reknown.services.policies.consents import consent_to, give_consent
from reknown.services.policies.rules import set_policy
from reknown.services.searches.search import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from reknown.biometrics.geometry import BoundingBox
    from reknown.biometrics.live import LiveEvent
    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.services.live.scenes import Scene
    from reknown.video.live.frames import LiveFrame

    Enrol = Callable[..., EnrolmentResult]

LEFT, RIGHT = (0.25, 0.5), (0.75, 0.5)
EILEEN, GRACE = videos.eileen(), videos.grace()


@pytest.fixture
def settings(collection: str, enrol: Enrol, eileen: bytes) -> WatchSettings:
    enrol(eileen)
    return WatchSettings("front-door", Query(collection))


def scenes_of(
    context: Context, settings: WatchSettings, frames: Iterable[LiveFrame]
) -> tuple[list[Scene], list[LiveEvent]]:
    scenes: list[Scene] = []
    told: list[LiveEvent] = []
    frame = Told(told.append, lambda scene, _: scenes.append(scene))
    watch(context, settings, FilmCamera(frames), frame)
    return scenes, told


def is_at(box: BoundingBox, place: tuple[float, float]) -> bool:
    """Whether the middle of the box is near."""
    x, y = box.left + box.width / 2, box.top + box.height / 2
    return abs(x - place[0]) < 0.1 and abs(y - place[1]) < 0.15


def test_who_is_known_is_told_from_others_in_each_frame_and_holds_while_nothing_moves(
    context: Context, settings: WatchSettings
) -> None:
    both = [(EILEEN, videos.still(LEFT)), (GRACE, videos.still(RIGHT))]
    scenes, told = scenes_of(context, settings, live(videos.scene(videos.steady(0, 2000), both)))
    assert not all(scene.looked for scene in scenes)
    arrived = told[0]
    for scene in scenes:
        (face,) = scene.known
        (other,) = scene.others
        assert is_at(face.box, LEFT)
        assert is_at(other, RIGHT)
        assert (face.visit, face.candidates) == (arrived.visit, arrived.candidates)
        part = scene.veiled()
        height, width = part.shape[:2]
        row, left, right = height // 2, round(LEFT[0] * width), round(RIGHT[0] * width)
        assert (part[row, left] == scene.frame.pixels[row, left]).all()
        assert (part[row - 20 : row + 20, right - 20 : right + 20] == 128).all()


def test_faces_elsewhere_are_among_the_others(context: Context, settings: WatchSettings) -> None:
    both = [(EILEEN, videos.still(LEFT)), (GRACE, videos.still(RIGHT))]
    frames = live(videos.scene([0, 40, 80], both), every=1)
    small = WatchSettings(settings.name, settings.query, least_height=0.9)
    scenes, _ = scenes_of(context, small, frames)
    assert [(len(scene.known), len(scene.others)) for scene in scenes] == [(0, 2)] * 3


def test_who_is_not_followed_any_more_is_not_known_any_more(
    context: Context, settings: WatchSettings, collection: str
) -> None:
    set_policy(context, collection, Policy(live_minutes=1))
    alone = [(EILEEN, videos.still(LEFT))]
    frames = live(videos.scene(videos.steady(0, 70_000, 2), alone), every=1)
    scenes, told = scenes_of(context, settings, frames)
    over = next(event.time_ms for event in told if event.reason and "policy" in event.reason)
    for scene in scenes:
        after = scene.frame.time_ms >= over
        assert (len(scene.known), len(scene.others)) == ((0, 1) if after else (1, 0))


@pytest.mark.parametrize("seconds", [1, 2, 4])
def test_a_stranger_who_takes_the_place_of_somebody_known_is_never_clear(
    context: Context, settings: WatchSettings, seconds: int
) -> None:
    passing = [
        (EILEEN, videos.line((0.2, 0.5), (0.8, 0.5))),
        (GRACE, videos.line((0.8, 0.48), (0.2, 0.48))),
    ]
    replaced = [(GRACE, videos.still((0.8, 0.5)))]
    times = videos.steady(0, seconds * 1000)
    film = chain(
        videos.scene(times, passing),
        videos.scene(videos.steady(seconds * 1000, seconds * 1000 + 2000), replaced),
    )
    scenes, _ = scenes_of(context, settings, live(film, every=1))
    clear = 0
    for scene in scenes:
        share = scene.frame.time_ms / times[-1]
        place = (0.2 + 0.6 * share, 0.5) if share <= 1 else None
        clear += len(scene.known)
        for face in scene.known:
            assert place is not None
            assert is_at(face.box, place), scene.frame.time_ms
    assert clear > len(times) / 4


def test_who_is_deleted_while_they_are_there_is_not_known_any_more(
    context: Context, settings: WatchSettings, collection: str, enrol: Enrol, grace: bytes
) -> None:
    nameless = enrol(grace, "Grace Hopper", "2.jpg").face
    assert nameless is not None
    delete_user(context, UserRequest(collection, "Grace Hopper"), keep_faces=True)
    both = [(EILEEN, videos.still(LEFT)), (GRACE, videos.still(RIGHT))]

    def shown() -> Iterator[LiveFrame]:
        yield from live(videos.scene(videos.steady(0, 6000, 2), both), every=1)
        delete_user(context, UserRequest(collection, "Eileen Collins"), keep_faces=False)
        yield from live(videos.scene(videos.steady(6000, 14_000, 2), both), every=1)
        delete_faces(context, collection, [nameless.face_id], of_users=False)
        yield from live(videos.scene(videos.steady(14_000, 20_000, 2), both), every=1)

    scenes, told = scenes_of(context, settings, shown())
    known = {scene.frame.time_ms: len(scene.known) for scene in scenes}
    assert [known[at] for at in (5500, 11_500, 13_500, 19_500)] == [2, 1, 1, 0]
    gone = [event for event in told if event.reason == "is not in the gallery any more"]
    assert [6000 <= event.time_ms <= 11_500 for event in gone] == [True, False]


@pytest.mark.parametrize("ended", [False, True])
def test_who_has_no_template_or_no_consent_any_more_is_not_known_any_more(
    context: Context, settings: WatchSettings, collection: str, *, ended: bool
) -> None:
    """Such a user stays, until somebody or the next sweep deletes them."""
    until = datetime.now(UTC) + timedelta(days=1)
    give_consent(context, collection, "Eileen Collins", consent_to(b"I agree.", "told", until))
    alone = [(EILEEN, videos.still(LEFT))]

    def shown() -> Iterator[LiveFrame]:
        yield from live(videos.scene(videos.steady(0, 6000, 2), alone), every=1)
        if ended:
            with context.database.begin() as connection:
                past = "2026-01-01T00:00:00.000000+00:00"
                connection.execute(update(consents).values(expires_at=past))
        else:
            face_ids = [face.face_id for face in faces(context, user="Eileen Collins")]
            delete_faces(context, collection, face_ids, of_users=True)
        yield from live(videos.scene(videos.steady(6000, 13_000, 2), alone), every=1)

    scenes, _ = scenes_of(context, settings, shown())
    known = {scene.frame.time_ms: len(scene.known) for scene in scenes}
    assert [known[at] for at in (5500, 11_500, 12_500)] == [1, 0, 0]
