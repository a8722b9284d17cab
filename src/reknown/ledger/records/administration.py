"""Records of access keys and video jobs, and of what was refused or failed."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from reknown.ledger.records.parts import (
    Code,
    Count,
    FileName,
    JobId,
    KeyId,
    Label,
    Moment,
    Operation,
    Pattern,
    PublicKey,
    Purpose,
    QuotaRecord,
    Rate,
    Record,
    Sha256,
    Similarity,
    WatchName,
    doc,
)

_Purpose = Annotated[
    Purpose | UnsetType, doc("What its searches are for where they do not say so, if there is one")
]


@dataclass(frozen=True, slots=True)
class KeyRecord(Record):
    """An access key and what it may do; never its secret."""

    key: Annotated[KeyId, doc("The key's id")]
    name: Annotated[Label, doc("What the operator calls the key")]
    operations: Annotated[tuple[Pattern, ...], doc("Patterns of the operations it may ask for")]
    collections: Annotated[tuple[Pattern, ...], doc("Patterns of the collections it may see")]


@dataclass(frozen=True, slots=True)
class CreateKeyRecord(KeyRecord):
    """A new access key."""

    OPERATION: ClassVar[str] = "create key"

    purpose: _Purpose = UNSET


@dataclass(frozen=True, slots=True)
class RevokeKeyRecord(KeyRecord):
    """An access key was deleted."""

    OPERATION: ClassVar[str] = "revoke key"


@dataclass(frozen=True, slots=True)
class RotateKeyRecord(KeyRecord):
    """A new access key with the rights of another, which expires."""

    OPERATION: ClassVar[str] = "rotate key"

    replaced: Annotated[KeyId, doc("The id of the key that it replaces")]
    replaced_expires_at: Annotated[Moment | None, doc("When that one expires, UTC")]
    purpose: _Purpose = UNSET


@dataclass(frozen=True, slots=True)
class LimitKeyRecord(Record):
    """An access key, and those that it was rotated from or to, may use no more than this."""

    OPERATION: ClassVar[str] = "limit key"

    key: Annotated[KeyId, doc("The key's id")]
    quotas: Annotated[tuple[QuotaRecord, ...], doc("All that it has now; none for no limit")]


@dataclass(frozen=True, slots=True)
class FindDriftRecord(Record):
    """Strangers do not score in searches of the collection as they did."""

    OPERATION: ClassVar[str] = "find drift"

    baseline: Annotated[Count, doc("Scores of strangers in the baseline")]
    window: Annotated[Count, doc("Scores of strangers since the last comparison")]
    distance: Annotated[Rate, doc("The largest distance of the two distributions")]
    bound: Annotated[float, doc("Where a distance cannot be chance any more")]
    shift: Annotated[float, doc("How far the median moved, on the pack's own scale")]


@dataclass(frozen=True, slots=True)
class ResetDriftRecord(Record):
    """What strangers score from now on is what later searches are compared with."""

    OPERATION: ClassVar[str] = "reset drift"


@dataclass(frozen=True, slots=True)
class AdoptMasterKeyRecord(Record):
    """Secrets are sealed with this master key from now on."""

    OPERATION: ClassVar[str] = "adopt master key"

    fingerprint: Annotated[Sha256, doc("By which the key is known again; it tells nothing of it")]
    former_key: Annotated[
        PublicKey | None, doc("The ledger's public key until then, if it was another one")
    ] = None
    public_key: Annotated[
        PublicKey | None, doc("The ledger's public key from then on, likewise")
    ] = None


@dataclass(frozen=True, slots=True)
class RotateKeyringRecord(Record):
    """Keys of collections were replaced, and the keys of records wrapped under the new ones."""

    OPERATION: ClassVar[str] = "rotate keyring"

    collections: Annotated[Count, doc("How many collections have a new key")]
    keys: Annotated[Count, doc("How many keys of records were wrapped again")]


@dataclass(frozen=True, slots=True)
class MoveKeyringRecord(Record):
    """The keys of templates lie elsewhere from now on."""

    OPERATION: ClassVar[str] = "move keyring"

    former: Annotated[Literal["folder", "server"], doc("Where they lay")]
    place: Annotated[Literal["folder", "server"], doc("Where they lie")]
    keys: Annotated[Count, doc("How many keys of records")]


@dataclass(frozen=True, slots=True)
class BackupRecord(Record):
    """A backup of everything."""

    sha256: Annotated[Sha256, doc("SHA-256 of the database in the backup")]
    taken_at: Annotated[Moment, doc("All that was acknowledged until then is in it, UTC")]
    master_key: Annotated[bool, doc("Whether the master key is in it, sealed with a passphrase")]


@dataclass(frozen=True, slots=True)
class BackUpRecord(BackupRecord):
    """Everything was copied into a backup, which is in place once this is written."""

    OPERATION: ClassVar[str] = "back up"

    file: Annotated[
        FileName | UnsetType, doc("What its file is called, unless it could be a person's name")
    ] = UNSET
    size: Annotated[Count | UnsetType, doc("Bytes of that file")] = UNSET


@dataclass(frozen=True, slots=True)
class RestoreRecord(BackupRecord):
    """All before this comes from a backup; what was done after the backup is not here."""

    OPERATION: ClassVar[str] = "restore"

    dropped: Annotated[
        Count | UnsetType, doc("Faces and sightings left out, as their keys are destroyed")
    ] = UNSET
    faults: Annotated[
        Count | UnsetType,
        doc("Faults in its ledger, which was restored all the same, as it was told to"),
    ] = UNSET


@dataclass(frozen=True, slots=True)
class MigrateRecord(Record):
    """All before this was moved here from another database, and compared with it row by row."""

    OPERATION: ClassVar[str] = "migrate"

    source: Annotated[Literal["sqlite", "postgresql"], doc("What kind of database that was")]
    rows: Annotated[Count, doc("How many rows it held")]
    sha256: Annotated[Sha256, doc("SHA-256 over the digests of all tables, by their names")]


@dataclass(frozen=True, slots=True)
class StartVideoJobRecord(Record):
    """A video job was asked for."""

    OPERATION: ClassVar[str] = "start video job"

    job: Annotated[JobId, doc("The job's id")]
    task: Annotated[
        Literal["faces", "search", "persons", "celebrities", "text"],
        doc(
            "Whether it detects faces, searches a collection, follows persons, searches the "
            "gallery of celebrities, or reads text"
        ),
    ]
    similarity: Annotated[
        Similarity | None, doc("The threshold of a search as a similarity, 0 to 100")
    ] = None
    repeated: Annotated[
        bool, doc("Whether the request had been carried out before and was only answered again")
    ] = False


@dataclass(frozen=True, slots=True)
class ReadVideoJobRecord(Record):
    """Somebody read what a video job found."""

    OPERATION: ClassVar[str] = "read video job"

    job: Annotated[JobId, doc("The job's id")]


@dataclass(frozen=True, slots=True)
class ReadLiveEventsRecord(Record):
    """Somebody read what happened before cameras, or began to follow it."""

    OPERATION: ClassVar[str] = "read live events"

    after: Annotated[Count, doc("The number of the event behind which the reading begins")]
    watch: Annotated[WatchName | None, doc("The watch that was asked about, null for all")]
    follow: Annotated[bool, doc("Whether it goes on with what happens from then on")] = False


@dataclass(frozen=True, slots=True)
class UploadRecord(Record):
    """Somebody brought a video in the console, for the job that was started just before.

    It is deleted when the job ends.
    """

    OPERATION: ClassVar[str] = "upload"

    sha256: Annotated[Sha256, doc("The video's SHA-256")]
    size: Annotated[Count, doc("Its bytes")]


@dataclass(frozen=True, slots=True)
class StopJobRecord(Record):
    """A job that had not ended was stopped; what it had found is not kept."""

    OPERATION: ClassVar[str] = "stop job"

    job: Annotated[JobId, doc("The job's id")]


@dataclass(frozen=True, slots=True)
class ListJobsRecord(Record):
    """Somebody read a page of the list of jobs."""

    OPERATION: ClassVar[str] = "list jobs"

    listed: Annotated[Count, doc("How many were shown")]


@dataclass(frozen=True, slots=True)
class DeleteExpiredJobsRecord(Record):
    """Video jobs had expired and were deleted with their results."""

    OPERATION: ClassVar[str] = "delete expired jobs"

    jobs: Annotated[Count, doc("How many")]


@dataclass(frozen=True, slots=True)
class ExpireRecordsRecord(Record):
    """Records of the ledger had expired and were deleted; their leaves in the log stay."""

    OPERATION: ClassVar[str] = "expire records"

    until: Annotated[Count, doc("Records before this index of the log may be gone")]
    records: Annotated[Count, doc("How many were deleted now")]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request was refused; recorded under the operation that it asked for."""

    VERSION: ClassVar[int] = 1

    action: Annotated[Operation, doc("The operation as the ledger calls it")]
    operation: Annotated[Code, doc("The operation as the caller named it, such as `DetectFaces`")]
    error: Annotated[Code, doc("Code of the error answered, such as `AccessDeniedException`")]
    watch: Annotated[
        WatchName | UnsetType,
        doc("The watch that the request was about; not there for others, and in older records"),
    ] = UNSET


@dataclass(frozen=True, slots=True)
class Failure:
    """A video job failed; recorded under the operation that it was to carry out."""

    VERSION: ClassVar[int] = 1

    action: Annotated[Operation, doc("The operation as the ledger calls it")]
    job: Annotated[JobId, doc("The job's id")]
    error: Annotated[Code, doc("Name of the error, such as `VideoError`; its message is the job's")]
