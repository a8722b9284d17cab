"""Reknown in a program: the use cases of the command line, for images and videos at hand."""

from __future__ import annotations

from collections.abc import Sized
from contextlib import ExitStack, closing
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reknown._archive import Archive
from reknown._inputs import path_of, source_of
from reknown._people import People
from reknown._policies import Policies
from reknown._reviews import Reviews
from reknown._watches import Watches
from reknown.biometrics.errors import InputError
from reknown.results import (
    ComparedFaces,
    DetectedFaces,
    EnrolledImage,
    EnrolledPeople,
    EvaluatedPeople,
    FoundText,
    IdentifiedFaces,
    ImportedTemplates,
    VideoAppearances,
    WrittenNames,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Unpack

    from reknown._inputs import FilePath, Image, Progress
    from reknown.biometrics.among import Among
    from reknown.biometrics.records import Collection
    from reknown.services.context import Context
    from reknown.services.galleries.enrolees import Enrolee
    from reknown.services.galleries.enrolment import EnrolmentPolicy, EnrolmentResult
    from reknown.services.live.watch_options import WatchOptions
    from reknown.services.searches.search import Query


class Reknown:
    """Face recognition on the galleries of a data folder, by this user; safe for many threads.

    `data` is the folder (default: that of the command line). `database` is the address of one on a
    PostgreSQL server, in place of the folder's own (default: that of the command line). `pack` is
    the model pack for images alone and for new galleries (default: opencv); a gallery that is there
    is searched with its own. What is done is in the ledger as if the command line had done it. To
    be closed, as `with` does. `approval` is the id of what allows searches that a policy calls
    enough.

    An image is a path, the bytes of an image file, a Pillow image, or pixels: an array of uint8
    (height, width, 3) in the order red, green, blue. OpenCV's are blue, green, red: give it
    `pixels[..., ::-1]`.

    Raises `errors.DatabaseError` when the folder cannot be used, `errors.ModelNotFoundError` for
    a pack that is not there.
    """

    def __init__(
        self,
        data: FilePath | None = None,
        pack: str | None = None,
        *,
        database: str | None = None,
        approval: str | None = None,
    ) -> None:
        from reknown.runtime.platform import open_platform  # noqa: PLC0415 - imports take long
        from reknown.services.context import Context  # noqa: PLC0415
        from reknown.settings import read_settings  # noqa: PLC0415

        options = {"database": database, "policy.approval": approval}
        self._settings = read_settings(None if data is None else path_of(data), options)
        with ExitStack() as opened:
            platform = opened.enter_context(open_platform(self._settings, pack=pack, helped=True))
            platform.engines.space_of(platform.engines.default_pack)
            self._opened: ExitStack | None = opened.pop_all()
        self._opened_context = Context(platform, self._settings.actor)

    def __repr__(self) -> str:
        closed = ", closed" if self._opened is None else ""
        place = self._settings.data if (url := self._settings.database) is None else url.shown
        return f"<Reknown: {place}{closed}>"

    def __enter__(self) -> Reknown:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the database; nothing else can be done afterwards."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    @property
    def _context(self) -> Context:
        if self._opened is None:
            raise InputError("this client is closed: make another one")
        return self._opened_context

    @property
    def collections(self) -> Collections:
        """The galleries."""
        return Collections(self)

    @property
    def archive(self) -> Archive:
        """The faces seen in folders of images and videos."""
        return Archive(lambda: self._context)

    @property
    def people(self) -> People:
        """The people of the galleries, whose names can be mended."""
        return People(lambda: self._context)

    @property
    def reviews(self) -> Reviews:
        """The candidates that people have to judge."""
        return Reviews(lambda: self._context)

    @property
    def policies(self) -> Policies:
        """What the galleries may be used for, and who has agreed to be in them."""
        return Policies(lambda: self._context)

    @property
    def watches(self) -> Watches:
        """The cameras that workers watch."""
        return Watches(lambda: self._context)

    def events(
        self,
        *,
        after: int = 0,
        watch: str | None = None,
        collection: str | None = None,
        follow: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """What happened before the cameras behind the event `after`, in order, as plain values.

        With `follow` it goes on with what happens from then on. Candidates are never
        identifications; names are those of now.

        Raises `errors.InputError`, `errors.NotFoundError` for the gallery.
        """
        from reknown.services.live import events  # noqa: PLC0415 - imports take long

        choice = events.EventChoice(watch, collection)
        read = events.follow_events if follow else events.all_events
        for each in read(self._context, after, choice):
            yield events.described(each)

    def watch(
        self,
        camera: FilePath,
        collection: str = "people",
        *,
        cameras: FilePath | None = None,
        name: str | None = None,
        seconds: float | None = None,
        **options: Unpack[WatchOptions],
    ) -> Generator[dict[str, Any]]:
        """Who might be before a camera now: what happens there, as plain values as in `events`.

        `camera` is the name of one in the file `cameras` (default: that of the command line), or a
        film, which is played in real time. `name` is what events and ledger call the watch
        (default: as the camera). It ends with the film, after so many `seconds`, or when the
        iterator is closed: whoever is there has left then. While nobody asks for the next event,
        nothing is looked at. Candidates are never identifications. The options are those of a
        watch, below. Needs the extra `video`.

        Raises `errors.InputError`, `errors.NotFoundError` for the gallery or for somebody on an
        alert list, `errors.BusyError` where a worker or somebody else watches under this name,
        `errors.PolicyError`, also while it runs, and then `errors.TakenOverError` where the name
        was lost, perhaps to another watch.
        """
        from reknown.services.extras import require_video_support  # noqa: PLC0415
        from reknown.services.live.at_hand import watch_at_hand  # noqa: PLC0415
        from reknown.services.live.events import purge_events  # noqa: PLC0415
        from reknown.services.live.planned import AskedWatch  # noqa: PLC0415
        from reknown.services.live.sources import chosen_camera  # noqa: PLC0415
        from reknown.services.live.telling import described  # noqa: PLC0415

        require_video_support()
        file = self._settings.worker.cameras if cameras is None else path_of(cameras)
        found = chosen_camera(file, str(path_of(camera)))
        asked = AskedWatch(found.name if name is None else name, collection, options)
        purge_events(self._context.database, self._settings.events.events_days)
        with closing(watch_at_hand(self._context, found, asked, seconds)) as told:
            for each in told:
                yield described(each)

    def detect(self, image: Image, *, attributes: bool = False) -> DetectedFaces:
        """The faces of an image, with landmarks, pose and quality.

        With `attributes` each face has some: whether eyes and mouth are open and more, as far as
        the pack `attributes` measures it; None where that is not installed.

        Raises `errors.ImageError`, `errors.InputError`.
        """
        from reknown.services.images.detection import detect  # noqa: PLC0415

        source = source_of(image)
        found = detect(self._context, source, templates=True, attributes=attributes)
        info = found.image
        return DetectedFaces(
            found.faces, info.width, info.height, info.sha256, source, info.warnings
        )

    def text(self, image: Image, *, confidence: float = 80) -> FoundText:
        """The lines of text in an image; without words read with less `confidence`, 0 to 100.

        Needs the extra `text`. Raises `errors.ImageError`, `errors.InputError`.
        """
        from reknown.biometrics.word_filter import WordFilter  # noqa: PLC0415
        from reknown.services.images.text import read_text  # noqa: PLC0415

        source = source_of(image)
        found = read_text(self._context, source, WordFilter(confidence / 100))
        info = found.image
        return FoundText(found.lines, info.width, info.height, info.sha256, source, info.warnings)

    def compare(
        self,
        probe: Image,
        reference: Image,
        *,
        similarity: float | None = None,
        score: float | None = None,
    ) -> ComparedFaces:
        """The largest face of the probe against every face of the reference.

        The threshold is a `similarity` (0 to 100, 80 by default) or a raw `score` (-1 to 1).

        Raises `errors.NoFaceError`, `errors.ImageError`, `errors.InputError`.
        """
        from reknown.biometrics.thresholds import ThresholdChoice  # noqa: PLC0415
        from reknown.services.images.verification import (  # noqa: PLC0415
            VerificationTerms,
            verify,
        )

        terms = VerificationTerms(ThresholdChoice(similarity, score))
        found = verify(self._context, source_of(probe), source_of(reference), terms)
        return ComparedFaces(found.probe, found.comparisons, found.threshold.score, found.warnings)

    def enroll(
        self,
        people: FilePath | Iterable[tuple[Image, str]],
        collection: str = "people",
        *,
        any_quality: bool = False,
        from_xmp: bool = False,
        progress: Progress | None = None,
    ) -> EnrolledPeople:
        """Enrols people, one face an image; makes the gallery when it is missing.

        `people` is a folder with a folder of images for each person, a CSV file with the columns
        image and subject, or pairs of an image and a name, which may come from a generator.
        Images that are in already are skipped, and each is on disk before the next is reported, so
        a run that was interrupted can be made again. `any_quality` takes blurred, dark, tiny and
        turned faces too. With `from_xmp` the folder holds photos in any order, and the faces that
        are named in photo programs are enrolled. `progress` is called with the images done and
        all of them (0 for a generator), with `from_xmp` with the faces done and 0.

        Raises `errors.InputError`, `errors.QuotaError`.
        """
        from reknown.biometrics.quality_filter import ANY_QUALITY  # noqa: PLC0415
        from reknown.services.galleries.enrolment import (  # noqa: PLC0415
            EnrolmentPolicy,
            enrol_subjects,
        )

        policy = EnrolmentPolicy(ANY_QUALITY) if any_quality else EnrolmentPolicy()
        if from_xmp:
            results, total = self._labelled(people, collection, policy), 0
        else:
            plan, total = _plan(people)
            results = enrol_subjects(self._context, collection, plan, policy=policy)
        images: list[EnrolledImage] = []
        for result in results:
            images.append(_enrolled(len(images) + 1, result))
            if progress is not None:
                progress(len(images), total)
        return EnrolledPeople(collection, tuple(images))

    def _labelled(
        self, folder: object, collection: str, policy: EnrolmentPolicy
    ) -> Iterator[EnrolmentResult]:
        from reknown.services.galleries.labelled import (  # noqa: PLC0415
            enrol_labelled,
            labelled_photos,
        )

        if not isinstance(folder, str | PathLike):
            raise InputError("from_xmp takes a folder of photos")
        photos = labelled_photos(path_of(folder))
        for results in enrol_labelled(self._context, collection, photos, policy=policy):
            yield from results

    def import_templates(
        self,
        file: FilePath,
        collection: str = "people",
        *,
        pack: str | None = None,
        new_ids: bool = False,
        progress: Progress | None = None,
    ) -> ImportedTemplates:
        """Adds templates from an .npz or .parquet file; makes the gallery when it is missing.

        `pack` is the model pack that made them, where the file does not say so. Faces that are in
        already are passed over, and each portion is on disk before the next, so a run that was
        interrupted can be made again. With `new_ids` each face gets an id of its own in this
        gallery. `progress` is called with the faces done and all of them.

        Raises `errors.InputError` for what is wrong with the file, `errors.SpaceMismatchError`,
        `errors.ModelNotFoundError`, `errors.AlreadyExistsError` for a face of another gallery.
        """
        from reknown.services.galleries.template_files import (  # noqa: PLC0415
            ImportChoice,
            import_file,
        )

        choice, path = ImportChoice(pack, new_ids), path_of(file)
        done = import_file(self._context, collection, path, choice, progress or _unwatched)
        return ImportedTemplates(collection, done.added, done.known)

    def export_templates(
        self,
        file: FilePath,
        collection: str = "people",
        *,
        users: Iterable[str] = (),
        replace: bool = False,
        progress: Progress | None = None,
    ) -> int:
        """Writes the templates of a gallery, or of these users, to an .npz or .parquet file.

        How many faces that is. The file holds biometric data and only this user can read it. A
        file that is there is replaced only with `replace`. `progress` is called with the faces
        done and all of them.

        Raises `errors.CollectionNotFoundError`, `errors.NotFoundError` for a user,
        `errors.InputError`.
        """
        from reknown.services.galleries.template_files import export_file  # noqa: PLC0415

        watch, path = progress or _unwatched, path_of(file)
        return export_file(self._context, collection, path, tuple(users), watch, replace=replace)

    def identify(
        self,
        image: Image,
        collection: str = "people",
        *,
        similarity: float | None = None,
        score: float | None = None,
        limit: int = 5,
        among: Among | None = None,
    ) -> IdentifiedFaces:
        """At most `limit` candidates for every face of an image; the threshold as in `compare`.

        `among` limits the search to some people, faces or times of enrolment; the counts are those
        of what is left.

        Raises `errors.CollectionNotFoundError`, `errors.NotFoundError` for a user of `among`,
        `errors.ImageError`, `errors.InputError`.
        """
        from reknown.services.searches.images import identify  # noqa: PLC0415

        source, query = source_of(image), _query(collection, similarity, score, limit, among)
        found = identify(self._context, query, source)
        info, caution = found.extraction.image, found.found.searched.caution
        faces = tuple(found.faces())
        return IdentifiedFaces(
            faces, caution, info.width, info.height, info.sha256, source, info.warnings
        )

    def write_names(
        self,
        photo: FilePath,
        collection: str = "people",
        *,
        similarity: float | None = None,
        score: float | None = None,
        among: Among | None = None,
        folder: FilePath | None = None,
        overwrite: bool = False,
    ) -> WrittenNames:
        """Writes the best candidate's name for each face of a photo into its XMP sidecar.

        That is `photo.jpg.xmp` beside it or in `folder`. Each name is marked as a candidate that
        nobody has confirmed. All that the sidecar said stays, and so do names of faces, unless
        `overwrite`. The threshold as in `compare`, `among` as in
        `identify`.

        Raises as `identify`, and `errors.InputError` for a sidecar that cannot be added to.
        """
        from reknown.services.searches.images import identify  # noqa: PLC0415
        from reknown.services.searches.sidecars import SidecarChoice, write_names  # noqa: PLC0415

        path, query = path_of(photo), _query(collection, similarity, score, 1, among)
        choice = SidecarChoice(None if folder is None else path_of(folder), overwrite)
        done = write_names(self._context, path, identify(self._context, query, path), choice)
        return WrittenNames(done.path, done.written, done.same, done.kept)

    def video(  # noqa: PLR0913 - all but the clip are keywords
        self,
        clip: FilePath,
        collection: str = "people",
        *,
        similarity: float | None = None,
        score: float | None = None,
        limit: int = 5,
        among: Among | None = None,
        keep_days: int | None = None,
        progress: Progress | None = None,
    ) -> VideoAppearances:
        """Who of a gallery appears in a video, and when; the threshold as in `compare`,
        `among` as in `identify`.

        A film of a phone or a camcorder; needs the extra `video`. With `keep_days` (1 to 3650) its
        tracks are kept as templates, without images, to be searched later. A face whose best view
        would not be enrolled is not searched for. `progress` is called with the milliseconds of the
        video done and all of them (0 while not known).

        Raises `errors.CollectionNotFoundError`, `errors.VideoError`, `errors.InputError`.
        """
        from reknown.services.archive.sightings import Keeping  # noqa: PLC0415
        from reknown.services.extras import require_video_support  # noqa: PLC0415
        from reknown.services.searches.search import open_search  # noqa: PLC0415
        from reknown.services.videos.clips import analyse_clip  # noqa: PLC0415
        from reknown.services.videos.identification import identify_video  # noqa: PLC0415

        require_video_support()
        path, platform = path_of(clip), self._context.platform
        query = _query(collection, similarity, score, limit, among)
        keeping = None if keep_days is None else Keeping(path.name, keep_days)
        pack = open_search(self._context, query).space.pack

        def report(done_ms: int, total_ms: int, _frames: int) -> None:
            if progress is not None:
                progress(done_ms, total_ms)

        analysis = analyse_clip(platform, path, pack, report)
        found = identify_video(self._context, query, analysis, keeping)
        return VideoAppearances(
            found.appearances,
            analysis.info.duration_ms,
            found.searched.caution,
            None if found.kept is None else found.kept.expires_at,
            analysis.warnings,
        )

    def evaluate(
        self,
        people: FilePath,
        *,
        similarities: Sequence[float] = (),
        without_names: bool = False,
        progress: Progress | None = None,
    ) -> EvaluatedPeople:
        """How often the pack is wrong about your own people: every image with every other.

        `people` is a folder with a folder of images for each person, or a CSV file with the
        columns image and subject. `similarities` are the thresholds to judge (default: 80, 90 and
        99). `without_names` puts short hashes in place of the names of images. `progress` is called
        with the images done and all of them. Needs the extra `evaluation`; no gallery is touched.

        Raises `errors.InputError`, also where so few images can show no rate.
        """
        from reknown.services.extras import require_evaluation_support  # noqa: PLC0415

        require_evaluation_support()
        from reknown._evaluated import evaluated  # noqa: PLC0415
        from reknown.evaluation.data.images import EvaluatedImages  # noqa: PLC0415
        from reknown.evaluation.data.manifest import read_manifest  # noqa: PLC0415
        from reknown.evaluation.data.templates import extract  # noqa: PLC0415
        from reknown.evaluation.runs.verify import verification_report  # noqa: PLC0415
        from reknown.services.evaluations.recording import record_evaluation  # noqa: PLC0415
        from reknown.vision.packs.space import detector_fingerprint  # noqa: PLC0415
        from reknown.vision.packs.store import PackStore  # noqa: PLC0415

        settings, engine = self._settings, self._context.platform.engines.default
        manifest, packs = (
            read_manifest(path_of(people)),
            PackStore(settings.cache, [settings.packs]),
        )
        record_evaluation(self._context, "verify", engine.space.pack, manifest)
        templates = extract(
            engine,
            self._context.platform.executor.decode,
            manifest,
            settings.cache / "evaluation",
            detector=detector_fingerprint(packs.manifest(engine.space.pack)),
            progress=progress,
        )
        images = EvaluatedImages.of(manifest, templates, engine.calibration)
        report = verification_report(images, similarities=similarities, without_names=without_names)
        return evaluated(report)


class Collections:
    """The galleries of a data folder: iterate, look up by name, make and delete."""

    def __init__(self, client: Reknown) -> None:
        self._client = client

    def __iter__(self) -> Iterator[Collection]:
        from reknown.services.galleries.collections import list_collections  # noqa: PLC0415
        from reknown.services.galleries.pages import all_pages  # noqa: PLC0415

        context = self._client._context
        return all_pages(lambda page: list_collections(context, page))

    def __contains__(self, name: object) -> bool:
        return any(collection.name == name for collection in self)

    def __getitem__(self, name: str) -> Collection:
        """One gallery with its counts; raises `errors.CollectionNotFoundError`."""
        from reknown.services.galleries.collections import describe_collection  # noqa: PLC0415

        return describe_collection(self._client._context, name)

    def create(self, name: str, pack: str | None = None) -> Collection:
        """A new, empty gallery; raises `errors.AlreadyExistsError`, `errors.ModelNotFoundError`."""
        from reknown.services.galleries.collections import create_collection  # noqa: PLC0415

        return create_collection(self._client._context, name, pack)

    def delete(self, name: str) -> None:
        """Deletes it with all its people and faces; raises `errors.CollectionNotFoundError`."""
        from reknown.services.galleries.collections import delete_collection  # noqa: PLC0415

        delete_collection(self._client._context, name)


def _unwatched(_done: int, _total: int) -> None:
    """For those who do not ask how far it is."""


def _query(
    collection: str,
    similarity: float | None,
    score: float | None,
    limit: int,
    among: Among | None = None,
) -> Query:
    from reknown.biometrics.thresholds import ThresholdChoice  # noqa: PLC0415
    from reknown.services.searches.search import Query  # noqa: PLC0415

    if limit < 1:
        raise InputError(f"limit must be at least 1, got {limit}")
    return Query(collection, ThresholdChoice(similarity, score), limit, among=among)


def _plan(people: FilePath | Iterable[tuple[Image, str]]) -> tuple[Iterable[Enrolee], int]:
    """Whom to enrol, and how many images that is; 0 where it will show."""
    from reknown.services.galleries.enrolment_plan import read_plan  # noqa: PLC0415

    if isinstance(people, str | PathLike):
        plan = read_plan(path_of(people))
        return plan, len(plan)
    return map(_enrolee, people), len(people) if isinstance(people, Sized) else 0


def _enrolee(pair: Any) -> Enrolee:
    from reknown.services.galleries.enrolees import Enrolee  # noqa: PLC0415

    match pair:
        case (image, str() as name):
            return Enrolee(source_of(image), name)
    raise InputError("people are a folder, a CSV file, or pairs of an image and a name")


def _enrolled(number: int, result: EnrolmentResult) -> EnrolledImage:
    """Without the bytes of the image: there may be many."""
    source, face = result.enrolee.source, result.face
    return EnrolledImage(
        number,
        result.enrolee.subject,
        source if isinstance(source, Path) else None,
        None if face is None else face.face_id,
        result.outcome.value == "enrolled",
        result.reason,
    )
