"""An archive of images and videos, in a program: scanned once, searched ever after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown._inputs import path_of, source_of
from reknown._seen import FoundSightings, ScannedFiles, SeenSighting
from reknown.biometrics.errors import ReknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from reknown._inputs import FilePath, Image, Progress
    from reknown.gallery.groups import GroupRecord
    from reknown.gallery.media import FiledMedium
    from reknown.services.archive.files import ArchiveDeletion
    from reknown.services.archive.proposals import MergeProposal
    from reknown.services.context import Context


class Archive:
    """The faces seen in folders of images and videos, kept as templates without images.

    A threshold is a `similarity`, a `score`, or so high that no more than `false_candidates`
    strangers are expected among what is found (default: 1).
    """

    def __init__(self, context: Callable[[], Context]) -> None:
        self._context = context

    def scan(
        self,
        *places: FilePath,
        collection: str = "people",
        expire_days: int | None = None,
        again: bool = False,
        progress: Progress | None = None,
    ) -> ScannedFiles:
        """Looks at what is new in folders, and forgets what is gone; makes the gallery if missing.

        What is seen is kept for `expire_days` (1 to 3650), or until it is deleted. `again` reads
        once more what nothing could be seen in. This may be interrupted and made again. `progress`
        is called with the files done and all of them.

        Raises `errors.InputError`, also for a folder that is empty and was not.
        """
        from reknown.services.archive.scan import (  # noqa: PLC0415 - imports take long
            ScanRequest,
            ScanTally,
            count_work,
            scan,
        )

        request = ScanRequest(tuple(map(path_of, places)), collection, expire_days, again)
        total, _ = count_work(self._context(), request)
        files, tally = [], ScanTally()
        for file in scan(self._context(), request, tally):
            files.append(file)
            if progress is not None:
                progress(len(files), total)
        return ScannedFiles(collection, tuple(files), tally.survey.unchanged, tally.gone)

    def find(
        self,
        person: str,
        collection: str = "people",
        *,
        similarity: float | None = None,
        score: float | None = None,
        false_candidates: float | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> FoundSightings:
        """Where an enrolled person was seen, best first; times are those of the images, local.

        Raises `errors.NotFoundError`, `errors.InputError`.
        """
        from reknown.gallery.sightings import SightingChoice  # noqa: PLC0415
        from reknown.services.searches.sightings import (  # noqa: PLC0415
            archive_threshold,
            find_person,
        )

        threshold = archive_threshold(similarity, score, false_candidates)
        choice = SightingChoice(since=since, until=until, fit=True)
        found = find_person(self._context(), collection, person, threshold, choice)
        return FoundSightings.of(found.gallery, found.matches, found.case)

    def find_face(
        self,
        image: Image,
        collection: str = "people",
        *,
        similarity: float | None = None,
        score: float | None = None,
        false_candidates: float | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> FoundSightings:
        """Where the largest face of an image was seen; as `find`, and `errors.ImageError`."""
        from reknown.gallery.sightings import SightingChoice  # noqa: PLC0415
        from reknown.services.searches.sightings import (  # noqa: PLC0415
            archive_threshold,
            open_sightings,
            search_sightings,
        )

        context, source = self._context(), source_of(image)
        threshold = archive_threshold(similarity, score, false_candidates)
        choice = SightingChoice(since=since, until=until, fit=True)
        gallery = open_sightings(context, collection, threshold, choice)
        ((_, found),) = search_sightings(context, gallery, [source])
        if isinstance(found, ReknownError):
            raise found
        return FoundSightings.of(found.gallery, found.matches, found.case)

    def files(self, collection: str = "people") -> tuple[FiledMedium, ...]:
        """The images and videos that faces were looked for in, in the order of the first look.

        Raises `errors.NotFoundError`.
        """
        from reknown.services.archive.files import list_archive  # noqa: PLC0415
        from reknown.services.galleries.pages import all_pages  # noqa: PLC0415

        context = self._context()
        return tuple(all_pages(lambda page: list_archive(context, collection, page)))

    def delete_files(self, sha256s: Iterable[str], collection: str = "people") -> ArchiveDeletion:
        """Deletes images and videos with all that was seen in them; nothing brings them back.

        Files that were uploaded are deleted from the disk, others stay where they are: the next
        scan reads them anew. Raises `errors.NotFoundError` for the gallery, `errors.InputError`.
        """
        from reknown.services.archive.files import delete_from_archive  # noqa: PLC0415

        return delete_from_archive(self._context(), collection, sha256s)

    def groups(
        self, collection: str = "people", *, everybody: bool = False
    ) -> tuple[GroupRecord, ...]:
        """Unknown people who were seen more than once, the largest groups first.

        What was seen since the last time joins them before. `everybody` adds those with a name
        and those ignored. A group is a proposal for a person to look at.

        Raises `errors.NotFoundError`, `errors.UncalibratedError`.
        """
        from reknown.services.archive.groups import group_sightings, list_groups  # noqa: PLC0415
        from reknown.services.galleries.pages import all_pages  # noqa: PLC0415

        context = self._context()
        group_sightings(context, collection)
        found = all_pages(lambda page: list_groups(context, collection, page, everybody=everybody))
        return tuple(sorted(found, key=lambda each: (-each.sightings, each.number)))

    def group(self, number: int, collection: str = "people") -> tuple[SeenSighting, ...]:
        """The sightings of a group, the best faces first; raises `errors.NotFoundError`."""
        from reknown.services.archive.groups import read_group  # noqa: PLC0415

        _, seen = read_group(self._context(), collection, number)
        return tuple(map(SeenSighting.of, seen.items))

    def name_group(self, number: int, person: str, collection: str = "people") -> int:
        """Says who a group is; its best faces become references, and so many they are.

        Raises `errors.NotFoundError`, `errors.InputError`.
        """
        from reknown.services.archive.group_names import name_group  # noqa: PLC0415

        return name_group(self._context(), collection, number, person).references

    def unname_group(
        self,
        number: int,
        collection: str = "people",
        *,
        faces: Iterable[str] | None = None,
        drop_person: bool = False,
    ) -> tuple[str, ...]:
        """Says that nobody knows who a group is: the ids of faces that are not the person's then.

        The person's references that show the very faces of the group become nobody's; or those of
        them that `faces` names are deleted, and nothing else is touched. With `drop_person` the
        person goes too, if nothing else is left of them. The sightings stay.

        Raises `errors.NotFoundError`, and `errors.InputError` for a group without a name.
        """
        from reknown.services.archive.group_names import unname_group  # noqa: PLC0415

        meant = None if faces is None else tuple(faces)
        done = unname_group(self._context(), collection, number, meant, drop_person=drop_person)
        return (*done.deleted, *done.freed)

    def merge_groups(self, number: int, into: int, collection: str = "people") -> None:
        """Says that two groups are one person.

        Raises `errors.NotFoundError`, `errors.InputError`.
        """
        from reknown.services.archive.groups import merge_groups  # noqa: PLC0415

        merge_groups(self._context(), collection, number, into)

    def split_group(
        self, number: int, sighting_ids: Iterable[str], collection: str = "people"
    ) -> int:
        """Takes sightings out of a group, as they are of another person; the new group's number.

        Raises `errors.NotFoundError`, `errors.InputError`.
        """
        from reknown.services.archive.groups import split_group  # noqa: PLC0415

        return split_group(self._context(), collection, number, tuple(sighting_ids)).number

    def proposals(self, collection: str = "people", most: int = 50) -> tuple[MergeProposal, ...]:
        """Groups without a name and people who may be one person, the most alike first.

        Look at both before you make them one; `keep_apart` declines a proposal for good. Raises
        `errors.NotFoundError`, `errors.UncalibratedError`.
        """
        from reknown.services.archive.proposals import propose_merges  # noqa: PLC0415

        return propose_merges(self._context(), collection, most).proposals

    def keep_apart(self, number: int, other: int | str, collection: str = "people") -> None:
        """Says that a group is never one person with another group, or with a person by name.

        Raises `errors.NotFoundError`, `errors.InputError`.
        """
        from reknown.services.archive.groups import keep_apart  # noqa: PLC0415

        keep_apart(self._context(), collection, number, other)

    def undo_apart(self, number: int, other: int | str, collection: str = "people") -> None:
        """Takes back what `keep_apart` said; raises `errors.NotFoundError`."""
        from reknown.services.archive.groups import undo_apart  # noqa: PLC0415

        undo_apart(self._context(), collection, number, other)

    def ignore_group(
        self, number: int, collection: str = "people", *, ignored: bool = True
    ) -> None:
        """Leaves a group out of `groups`, or takes it back; raises `errors.NotFoundError`."""
        from reknown.services.archive.groups import ignore_group  # noqa: PLC0415

        ignore_group(self._context(), collection, number, ignored=ignored)
