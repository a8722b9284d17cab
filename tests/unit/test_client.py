"""The Python client on real images, a real engine and a real data folder."""

from __future__ import annotations

import io
import json
import re
import shutil
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import drawn_text
import portraits
import videos
import xmp_samples
from reknown import Among, Reknown, errors, results
from reknown.cli.main import cli
from reknown.services import extras

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, eileen: bytes, grace: bytes
) -> Iterator[Reknown]:
    """A client for tests that change nothing; Eileen and Grace are in `people`."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REKNOWN_CACHE", str(cache_folder))
        made = Reknown(tmp_path_factory.mktemp("client"))
    with made:
        made.enroll([(eileen, "Eileen Collins"), (grace, "Grace Hopper")])
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Reknown]:
    """A client of an empty folder."""
    with Reknown(tmp_path / "fresh") as made:
        yield made


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A file that shows Eileen and, smaller, Grace."""
    path = tmp_path / "pair.jpg"
    path.write_bytes(portraits.pair())
    return path


def _pillow(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def _ledger(data: Path) -> list[dict[str, Any]]:
    """The lines of the ledger, without their times and random ids, after the folder's key."""
    shown = CliRunner().invoke(cli, ["ledger", "--json", "--data", str(data)]).stdout
    rows = [json.loads(line) for line in shown.splitlines()]
    for row in rows:
        del row["at"]
        row["names"] = sorted(row["names"].values())
        row["record"] = _ID.sub("ID", json.dumps(row["record"]))
    return [row for row in rows if row["operation"] != "adopt master key"]


def test_faces_are_detected(client: Reknown, pair: Path) -> None:
    found = client.detect(pair)
    assert (len(found), found.width, found.height) == (2, 620, 320)
    left, right = (face.box.left for face in found)
    assert left < 0.5 < right
    assert all(face.confidence > 0.9 for face in found)
    assert all(face.quality.magnitude for face in found)


def test_text_is_read(client: Reknown) -> None:
    found = client.text(drawn_text.sign("Platform 7", "mind the gap"))
    assert str(found) == "Platform 7\nmind the gap"
    assert (len(found), found.width, found.height) == (2, 640, 360)
    assert "<td>mind the gap</td>" in found._repr_html_()
    assert str(client.text(np.full((200, 200, 3), 128, np.uint8))) == "no text found"
    with pytest.raises(errors.InputError, match="confidence"):
        client.text(drawn_text.sign("x"), confidence=101)


def test_two_images_are_compared(client: Reknown, eileen: bytes, pair: Path) -> None:
    found = client.compare(eileen, pair)
    assert found.accepted
    assert [comparison.accepted for _, comparison in found] == [True, False]
    assert (found.score, found.similarity) == (
        found.comparisons[0][1].score,
        found.comparisons[0][1].similarity,
    )
    assert found.false_match_rate is not None
    assert found.false_match_rate < 1e-5
    strict = client.compare(eileen, portraits.mirrored_grace(), score=0.9)
    assert not strict.accepted
    assert strict.threshold == 0.9


def test_people_are_identified(client: Reknown, pair: Path) -> None:
    found = client.identify(pair)
    assert [candidate.user for candidate in found.candidates] == ["Eileen Collins", "Grace Hopper"]
    assert len(found) == 2
    (_, first), *_ = found
    assert first.gallery_size == 2
    assert client.identify(portraits.nobody()).candidates == ()


def test_a_part_of_the_gallery_is_searched(client: Reknown, pair: Path) -> None:
    found = client.identify(pair, among=Among(users=["Grace Hopper"]))
    assert [candidate.user for candidate in found.candidates] == ["Grace Hopper"]
    assert {row.gallery_size for _, row in found} == {1}
    ids = [candidate.face_id for candidate in found.candidates]
    again = client.identify(pair, among=Among(face_ids=ids, users=["Grace Hopper"]))
    assert again.candidates == found.candidates
    later = Among(since=datetime.now(UTC) + timedelta(days=1))
    assert client.identify(pair, among=later).candidates == ()
    with pytest.raises(errors.NotFoundError, match="'Mary' does not exist"):
        client.identify(pair, among=Among(users=["Mary"]))


def test_a_folder_is_enrolled_once(fresh: Reknown, people: Path) -> None:
    (people / "Grace Hopper" / "noise.jpg").write_bytes(portraits.nobody())
    seen: list[tuple[int, int]] = []
    first = fresh.enroll(people, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert first.people == ("Eileen Collins", "Grace Hopper")
    assert [image.new for image in first.enrolled] == [True, True]
    assert [(image.path, image.reason) for image in first.refused] == [
        (people / "Grace Hopper" / "noise.jpg", "no face found")
    ]
    again = fresh.enroll(people)
    assert [image.new for image in again] == [False, False, False]
    assert [image.face_id for image in again] == [image.face_id for image in first]
    assert len(first) == len(again) == 3


def test_pairs_come_from_a_generator(fresh: Reknown, eileen: bytes, grace: bytes) -> None:
    pairs = ((np.asarray(_pillow(data)), f"person {n}") for n, data in enumerate((eileen, grace)))
    seen: list[tuple[int, int]] = []
    made = fresh.enroll(pairs, "others", progress=lambda done, total: seen.append((done, total)))
    assert made.people == ("person 0", "person 1")
    assert [(image.number, image.path) for image in made] == [(1, None), (2, None)]
    assert seen == [(1, 0), (2, 0)]
    assert fresh.collections["others"].faces == 2


def test_any_quality_is_asked_for(fresh: Reknown) -> None:
    dark = portraits.spoilt()["LOW_BRIGHTNESS"]
    assert not fresh.enroll([(dark, "Grace")]).enrolled
    assert fresh.enroll([(dark, "Grace")], any_quality=True).people == ("Grace",)


@pytest.mark.parametrize(
    "people", [[1], [("a.jpg",)], [("a.jpg", 3)], {"Grace": "a.jpg"}, ["a.jpg"]]
)
def test_what_is_no_pair_is_refused(fresh: Reknown, people: Any) -> None:
    with pytest.raises(errors.InputError, match="pairs of an image and a name"):
        fresh.enroll(people)


def test_folders_without_people_are_refused(fresh: Reknown, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(errors.InputError, match="a folder for each person"):
        fresh.enroll(tmp_path / "empty")
    with pytest.raises(errors.InputError, match="neither a folder nor a CSV"):
        fresh.enroll(tmp_path / "nowhere")
    assert list(fresh.collections) == []


def test_every_way_to_give_an_image(client: Reknown, eileen: bytes, tmp_path: Path) -> None:
    path = tmp_path / "e.jpg"
    path.write_bytes(eileen)
    pixels = np.asarray(_pillow(eileen))
    ways = (path, str(path), eileen, _pillow(eileen), pixels)
    boxes = [client.detect(way).faces[0].box for way in ways]
    assert boxes == [boxes[0]] * len(ways)


def test_a_path_may_begin_at_home(
    client: Reknown, pair: Path, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(pair.parent))
    assert len(client.detect("~/pair.jpg")) == 2
    assert client.enroll("~/people").people == ("Eileen Collins", "Grace Hopper")
    with pytest.raises(errors.InputError, match="no such user"):
        client.detect("~nobody-of-that-name/pair.jpg")
    with Reknown("~/galleries") as other:
        assert list(other.collections) == []
    assert (pair.parent / "galleries").is_dir()


def test_galleries_are_made_looked_up_and_deleted(fresh: Reknown) -> None:
    made = fresh.collections.create("friends")
    assert (made.name, made.faces, made.space.pack) == ("friends", 0, "opencv")
    assert [gallery.name for gallery in fresh.collections] == ["friends"]
    assert "friends" in fresh.collections
    assert "foes" not in fresh.collections
    with pytest.raises(errors.AlreadyExistsError):
        fresh.collections.create("friends")
    fresh.collections.delete("friends")
    with pytest.raises(errors.CollectionNotFoundError):
        _ = fresh.collections["friends"]


@pytest.mark.parametrize(
    "search", [lambda c, image: c.identify(image), lambda c, image: c.video(image)]
)
def test_a_missing_gallery_is_named(
    fresh: Reknown, pair: Path, search: Callable[[Reknown, Path], object]
) -> None:
    with pytest.raises(errors.CollectionNotFoundError, match="people"):
        search(fresh, pair)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"limit": 0}, "at least 1"),
        ({"similarity": 120}, "between 0 and 100"),
        ({"similarity": 80, "score": 0.4}, "one threshold"),
    ],
)
def test_terms_that_make_no_sense(
    client: Reknown, pair: Path, terms: dict[str, Any], message: str
) -> None:
    with pytest.raises(errors.InputError, match=message):
        client.identify(pair, **terms)


def test_a_closed_client_does_nothing_more(tmp_path: Path, pair: Path) -> None:
    client = Reknown(tmp_path / "closed")
    galleries = client.collections
    client.close()
    client.close()
    for use in (lambda: client.detect(pair), lambda: list(galleries), lambda: client.collections):
        with pytest.raises(errors.InputError, match="closed"):
            list(use())
    assert "closed" in repr(client)


def test_folders_and_packs_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(errors.DatabaseError):
        Reknown(tmp_path / "file")
    with pytest.raises(errors.ModelNotFoundError, match="nopack"):
        Reknown(tmp_path / "data", pack="nopack")
    with pytest.raises(errors.InputError, match="address"):
        Reknown("postgresql://localhost/reknown")


def test_threads_share_a_client(client: Reknown, pair: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(str(client.identify(pair)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [str(client.identify(pair))] * 4


def test_two_clients_share_a_folder(fresh: Reknown, tmp_path: Path, people: Path) -> None:
    fresh.enroll(people)
    mirrored = portraits.mirrored_grace()
    assert [c.user for c in fresh.identify(mirrored).candidates] == ["Grace Hopper"]
    with Reknown(tmp_path / "fresh") as other:
        other.enroll([(mirrored, "Grace Murray")])
    assert fresh.identify(mirrored).candidates[0].user == "Grace Murray"


def test_the_ledger_has_the_rows_of_the_command_line(
    tmp_path: Path, people: Path, pair: Path
) -> None:
    with Reknown(tmp_path / "client") as client:
        client.detect(pair)
        client.compare(pair, pair, similarity=90)
        client.enroll(people)
        client.identify(pair, score=0.5)
        list(client.collections)
    for words in (
        ["detect", pair],
        ["compare", pair, pair, "--threshold", 90],
        ["enroll", people],
        ["identify", pair, "--score", 0.5],
        ["collections", "list"],
    ):
        CliRunner().invoke(cli, [*map(str, words), "--data", str(tmp_path / "commands")])
    rows = _ledger(tmp_path / "client")
    assert rows == _ledger(tmp_path / "commands")
    assert [row["operation"] for row in rows] == [
        "detect",
        "verify",
        "create collection",
        "enrol",
        "enrol",
        "identify",
        "list collections",
    ]


def test_people_of_a_video(client: Reknown, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    shown = [(videos.eileen(), videos.still((0.5, 0.5)))]
    videos.render(clip, videos.scene(videos.steady(0, 1500), shown))
    seen: list[tuple[int, int]] = []
    found = client.video(clip, keep_days=2, progress=lambda *done: seen.append(done))
    assert [appearance.best and appearance.best.user for appearance in found] == ["Eileen Collins"]
    assert abs(found.duration_ms - 1500) < 50
    assert found.kept_until is not None
    assert seen == sorted(seen)
    assert seen


def test_what_is_no_video(client: Reknown, pair: Path, tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidVideoError):
        client.video(pair)
    with pytest.raises(errors.InputError, match="cannot read"):
        client.video(tmp_path / "nowhere.mp4")
    with pytest.raises(errors.InputError, match="days"):
        client.video(pair, keep_days=0)


@pytest.mark.parametrize(
    ("use", "extra"),
    [
        (lambda client: client.video("clip.mp4"), "video"),
        (lambda client: client.evaluate("people"), "evaluation"),
    ],
)
def test_a_missing_extra_is_named(
    client: Reknown,
    use: Callable[[Reknown], object],
    extra: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(errors.InputError, match=rf"pip install 'reknown\[{extra}\]'"):
        use(client)


def test_a_film_is_watched_an_event_at_a_time(
    fresh: Reknown, eileen: bytes, tmp_path: Path
) -> None:
    fresh.enroll([(eileen, "Eileen Collins")])
    film = tmp_path / "front door.mp4"
    shown = [(videos.eileen(), videos.still((0.5, 0.5)))]
    videos.render(film, videos.scene(videos.steady(0, 2000), shown))
    told = fresh.watch(film, alerts={"crew": ["Eileen Collins"]}, least_height=0.05)
    arrived = next(each for each in told if each["kind"] == "arrived")
    assert (arrived["watch"], arrived["lists"]) == ("front-door", ["crew"])
    assert arrived["candidates"][0]["name"] == "Eileen Collins"
    told.close()
    assert [each["kind"] for each in fresh.events()][-2:] == ["left", "camera"]
    reasons = [each["reason"] for each in fresh.watch(film, seconds=0.2) if "reason" in each]
    assert reasons[-1] == "it is not watched any more"
    with pytest.raises(errors.NotFoundError, match="'Ada' does not exist"):
        next(fresh.watch(film, alerts={"crew": ["Ada"]}))
    with pytest.raises(errors.InputError, match="there is no camera and no film"):
        next(fresh.watch("nowhere"))


def test_watches_are_made_changed_started_and_deleted(fresh: Reknown, eileen: bytes) -> None:
    fresh.enroll([(eileen, "Eileen Collins")])
    hall = fresh.watches.create(
        "hall", "door", zones=["0.1,0,0.5,1", "0,0 1,0 0.3333333,1"], keep_days=30
    )
    assert (hall.state, hall.started_by) == ("STOPPED", None)
    changed = fresh.watches.change("hall", alerts={"crew": ["Eileen Collins"]}, score=0.4)
    assert changed.options["alerts"] == {"crew": ("Eileen Collins",)}
    assert (changed.options["score"], changed.options["keep_days"]) == (0.4, 30)
    copy = fresh.watches.create("copy", "back", **changed.options)
    assert copy.options == changed.options
    fresh.watches.start("hall")
    assert [each.state for each in fresh.watches.list("people")] == ["STARTING", "STOPPED"]
    with pytest.raises(errors.BusyError, match="stop it"):
        fresh.watches.change("hall", limit=1)
    fresh.watches.stop("hall")
    fresh.watches.delete("hall")
    assert [each.name for each in fresh.watches.list()] == ["copy"]


def test_people_of_ones_own_are_evaluated(client: Reknown, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    portraits.save_many(folder, 6, 2)
    (folder / "person 0" / "broken.jpg").write_bytes(b"no image")
    seen: list[tuple[int, int]] = []
    found = client.evaluate(folder, similarities=[80, 99], progress=lambda *done: seen.append(done))
    assert (found.people, found.images, found.failures.errors) == (2, 7, 1)
    assert [rates.similarity for rates in found.at_similarity] == [80, 99]
    first = found.at_similarity[0]
    assert first.expected == pytest.approx(1e-4)
    assert first.false_matches is not None
    assert first.false_non_matches is not None
    assert (first.false_matches.errors, first.false_matches.trials) == (0, found.non_mated)
    # of four images in all the broken one misses three others
    assert (first.false_non_matches.errors, first.false_non_matches.trials) == (3, found.mated)
    assert first.false_non_matches.low < first.false_non_matches.value
    assert first.false_non_matches.value < first.false_non_matches.high
    assert seen[-1] == (7, 7)
    found.save(tmp_path / "report.html")
    assert "similarity" in str(found)
    assert "No EER" in found.cautions[0]
    assert "own thresholds" in (tmp_path / "report.html").read_text(encoding="utf-8")
    with pytest.raises(errors.InputError, match="cannot write"):
        found.save(tmp_path)
    shutil.rmtree(folder / "person 1")
    with pytest.raises(errors.InputError):
        client.evaluate(folder)


def test_names_go_to_photo_programs_and_come_from_there(fresh: Reknown, pair: Path) -> None:
    boxes = (("Amelia", (0.16, 0.12, 0.21, 0.5)), ("", (0.64, 0.12, 0.19, 0.42)))
    framed = xmp_samples.regions(*(xmp_samples.region(name, box) for name, box in boxes))
    sidecar = pair.with_name("pair.jpg.xmp")
    sidecar.write_bytes(framed)
    done = fresh.enroll(pair.parent, from_xmp=True)
    assert [(image.person, image.new, image.path) for image in done] == [("Amelia", True, pair)]
    assert fresh.write_names(pair) == results.WrittenNames(sidecar, (), 1, ())
    sidecar.unlink()
    written = fresh.write_names(str(pair), folder=pair.parent / "names")
    assert written == results.WrittenNames(pair.parent / "names" / sidecar.name, ("Amelia",), 0, ())
    with pytest.raises(errors.InputError, match="folder of photos"):
        fresh.enroll([(b"", "x")], from_xmp=True)
