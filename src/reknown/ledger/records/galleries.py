"""Records of what keeps galleries: collections, users, faces, transfer, upgrades."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import UNSET, UnsetType

from reknown.ledger.records.parts import (
    Count,
    FaceId,
    Label,
    ManyFacesRecord,
    Record,
    Sha256,
    SpaceRecord,
    SubjectId,
    ThresholdRecord,
    doc,
)

_Subject = Annotated[
    SubjectId | None,
    doc("The user, by its opaque id; null where a request was repeated after the user had gone"),
]
_Listed = Annotated[Count, doc("How many were shown")]
_Repeated = Annotated[
    bool, doc("Whether the request had been carried out before and was only answered again")
]
_Faces = Annotated[tuple[FaceId, ...], doc("The faces concerned")]


@dataclass(frozen=True, slots=True)
class CreateCollectionRecord(Record):
    """A new, empty collection."""

    OPERATION: ClassVar[str] = "create collection"

    space: Annotated[SpaceRecord, doc("Its template space")]
    tags: Annotated[Mapping[Label, Label], doc("Its tags, as the caller wrote them")]


@dataclass(frozen=True, slots=True)
class DeleteCollectionRecord(Record):
    """A collection was deleted with all that it held."""

    OPERATION: ClassVar[str] = "delete collection"

    keep_records: Annotated[
        Count | UnsetType,
        doc("For how many days its policy keeps records; not there where it did not say"),
    ] = UNSET


@dataclass(frozen=True, slots=True)
class DescribeCollectionRecord(Record):
    """Somebody read a collection's size and template space."""

    OPERATION: ClassVar[str] = "describe collection"


@dataclass(frozen=True, slots=True)
class ListCollectionsRecord(Record):
    """Somebody read a page of the list of collections."""

    OPERATION: ClassVar[str] = "list collections"

    listed: _Listed


@dataclass(frozen=True, slots=True)
class TagCollectionRecord(Record):
    """Tags of a collection were set or removed."""

    OPERATION: ClassVar[str] = "tag collection"

    set: Annotated[Mapping[Label, Label], doc("Tags set, as the caller wrote them")]
    removed: Annotated[tuple[Label, ...], doc("Keys of the tags removed")]


@dataclass(frozen=True, slots=True)
class ListTagsRecord(Record):
    """Somebody read a collection's tags."""

    OPERATION: ClassVar[str] = "list tags"


@dataclass(frozen=True, slots=True)
class CreateUserRecord(Record):
    """A new user without faces."""

    OPERATION: ClassVar[str] = "create user"

    subject_id: _Subject
    repeated: _Repeated = False


@dataclass(frozen=True, slots=True)
class DeleteUserRecord(Record):
    """A user was deleted, with or without its faces."""

    OPERATION: ClassVar[str] = "delete user"

    subject_id: _Subject
    faces: Annotated[tuple[FaceId, ...], doc("The faces deleted with it")] = ()
    repeated: _Repeated = False


@dataclass(frozen=True, slots=True)
class EraseRecord(Record):
    """A person, or one face, was erased: rows deleted, and the keys that they were sealed with."""

    OPERATION: ClassVar[str] = "erase"

    subject_id: Annotated[SubjectId | None, doc("The user, if it was one")] = None
    faces: Annotated[tuple[FaceId, ...], doc("The faces erased")] = ()
    sightings: Annotated[Count, doc("How many sightings that had the person's name")] = 0
    keys: Annotated[
        tuple[Sha256, ...], doc("Which keys: SHA-256 of the keyring's id, a bar and the number")
    ] = ()


@dataclass(frozen=True, slots=True)
class ListUsersRecord(Record):
    """Somebody read a page of the list of users."""

    OPERATION: ClassVar[str] = "list users"

    listed: _Listed


@dataclass(frozen=True, slots=True)
class ReadUserRecord(Record):
    """Somebody read what is told of a user."""

    OPERATION: ClassVar[str] = "read user"

    subject_id: Annotated[SubjectId, doc("The user, by its opaque id")]


@dataclass(frozen=True, slots=True)
class DescribeUserRecord(Record):
    """What is told of a user was replaced; the ledger keeps how much, not what."""

    OPERATION: ClassVar[str] = "describe user"

    subject_id: Annotated[SubjectId, doc("The user, by its opaque id")]
    urls: Annotated[Count, doc("How many addresses are told of it now")]


@dataclass(frozen=True, slots=True)
class RenameUserRecord(Record):
    """A user got another name; the ledger keeps neither."""

    OPERATION: ClassVar[str] = "rename user"

    subject_id: Annotated[SubjectId, doc("The user, by its opaque id")]


@dataclass(frozen=True, slots=True)
class MergeUsersRecord(Record):
    """All faces of a user were given to another one, and the first was deleted."""

    OPERATION: ClassVar[str] = "merge users"

    subject_id: Annotated[SubjectId, doc("The user that has them now, by its opaque id")]
    merged: Annotated[SubjectId, doc("The user that is gone, by its opaque id")]
    faces: _Faces
    groups: Annotated[tuple[Count, ...], doc("Groups of sightings that bore its name")]


@dataclass(frozen=True, slots=True)
class MoveFacesRecord(Record):
    """Faces were given to a user, or to nobody, no matter who had them."""

    OPERATION: ClassVar[str] = "move faces"

    subject_id: Annotated[SubjectId | None, doc("Who has them now; null where nobody has")]
    faces: _Faces
    former: Annotated[tuple[SubjectId | None, ...], doc("Who had each of them; null for nobody")]


@dataclass(frozen=True, slots=True)
class ShowFaceRecord(Record):
    """Somebody looked a face up, and for its image."""

    OPERATION: ClassVar[str] = "show face"

    face_id: Annotated[FaceId, doc("The face")]
    found: Annotated[bool, doc("Whether its image was found and shown")]


@dataclass(frozen=True, slots=True)
class FollowImagesRecord(Record):
    """Images count as enrolled from a folder from now on, and go with its files."""

    OPERATION: ClassVar[str] = "follow images"

    images: Annotated[Count, doc("How many")]


@dataclass(frozen=True, slots=True)
class AssociateFacesRecord(Record):
    """Faces were given to a user."""

    OPERATION: ClassVar[str] = "associate faces"

    subject_id: _Subject
    faces: Annotated[tuple[FaceId, ...], doc("The faces given to it")]
    refused: Annotated[tuple[FaceId, ...], doc("Faces left as they were")]
    threshold: Annotated[
        ThresholdRecord, doc("The least score with one of the user's own faces, if it has any")
    ]
    repeated: _Repeated = False


@dataclass(frozen=True, slots=True)
class DisassociateFacesRecord(Record):
    """Faces were taken from a user and belong to nobody now."""

    OPERATION: ClassVar[str] = "disassociate faces"

    subject_id: _Subject
    faces: Annotated[tuple[FaceId, ...], doc("The faces taken from it")]
    refused: Annotated[tuple[FaceId, ...], doc("Faces left as they were")]
    repeated: _Repeated = False


@dataclass(frozen=True, slots=True)
class ListFacesRecord(Record):
    """Somebody read a page of the list of faces."""

    OPERATION: ClassVar[str] = "list faces"

    listed: _Listed


@dataclass(frozen=True, slots=True)
class DeleteFacesRecord(Record):
    """Faces were deleted."""

    OPERATION: ClassVar[str] = "delete faces"

    faces: _Faces


@dataclass(frozen=True, slots=True)
class ExportTemplatesRecord(Record):
    """Templates left the gallery."""

    OPERATION: ClassVar[str] = "export templates"

    faces: _Faces


@dataclass(frozen=True, slots=True)
class ImportTemplatesRecord(Record):
    """Templates came from another gallery."""

    OPERATION: ClassVar[str] = "import templates"

    faces: Annotated[tuple[FaceId, ...], doc("The faces added")]
    known: Annotated[Count, doc("Faces passed over, as they were there already")]


@dataclass(frozen=True, slots=True)
class ExportManyTemplatesRecord(Record):
    """Templates left the gallery in a file: so many that the ledger does not name each."""

    OPERATION: ClassVar[str] = "export many templates"

    faces: Annotated[ManyFacesRecord, doc("The faces in the file, in its order")]


@dataclass(frozen=True, slots=True)
class ImportManyTemplatesRecord(Record):
    """A portion of a file's templates came from another gallery: too many to name each."""

    OPERATION: ClassVar[str] = "import many templates"

    faces: Annotated[ManyFacesRecord, doc("The faces added, in the order of the file")]
    known: Annotated[Count, doc("Faces passed over, as they were there already")]


@dataclass(frozen=True, slots=True)
class UpgradeRecord(Record):
    """A step of a collection's way from one template space to another."""

    former: Annotated[SpaceRecord, doc("The template space that the collection comes from")]
    target: Annotated[SpaceRecord, doc("The template space that it goes to")]


@dataclass(frozen=True, slots=True)
class PrepareUpgradeRecord(UpgradeRecord):
    """Templates of the target space are being made."""

    OPERATION: ClassVar[str] = "prepare upgrade"


@dataclass(frozen=True, slots=True)
class SwitchUpgradeRecord(UpgradeRecord):
    """The collection is in the target space now."""

    OPERATION: ClassVar[str] = "switch upgrade"

    faces: Annotated[Count, doc("Faces whose template was replaced")]
    deleted: Annotated[Count, doc("Faces deleted, as they had no template there")]


@dataclass(frozen=True, slots=True)
class UndoUpgradeRecord(UpgradeRecord):
    """The collection is in its former space again."""

    OPERATION: ClassVar[str] = "undo upgrade"

    faces: Annotated[Count, doc("Faces whose template was replaced")]
    deleted: Annotated[Count, doc("Faces deleted, as they had no template there")]


@dataclass(frozen=True, slots=True)
class FinishUpgradeRecord(UpgradeRecord):
    """The former templates were deleted."""

    OPERATION: ClassVar[str] = "finish upgrade"


@dataclass(frozen=True, slots=True)
class DiscardUpgradeRecord(UpgradeRecord):
    """The templates of the target space were deleted unused."""

    OPERATION: ClassVar[str] = "discard upgrade"
