"""The tables of the gallery; `migrations/` creates them.

Keys ascend in the order of creation and are never given twice, so that paging can go by them.
`collections.revision` counts the changes of a collection, `faces.revision` is that of a
face's last one, `collections.pruned` that of the last one which deleted faces and
`collections.replaced` that of the last one which replaced all templates. Triggers keep
`face_count`, `user_count` and `deleted_faces`, whoever writes. `users.subject_id` is
what the ledger calls a user: it says nothing once the row with the name is gone. `users.urls` is
a JSON list. `images.origin` is the folder of people's folders that an image was enrolled from.
`sealing_key` is the number of the key that a row was sealed with, NULL where it was not.

What people call users and faces is in `sealed_names`, sealed with the row's key; what they call
images is there with each face. What is looked up is a keyed hash then, `users.name_key` and
`images.origin_key`; its key is that of `collections.sealing_key`. Where a user is not sealed
`users.name_key` is the name itself.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    table,
    text,
)

# Tables of another room whose rows go with those of faces, sightings and collections.
NOTES = (table("review_notes"),)
WITH_COLLECTIONS = (*NOTES, table("review_cases"), table("live_events"), table("event_failures"))
KEY = BigInteger().with_variant(Integer(), "sqlite")
metadata = MetaData()


def _parent(name: str, table: str, on_delete: str = "CASCADE") -> Column[Any]:
    reference = ForeignKey(f"{table}.id", ondelete=on_delete)
    return Column(name, KEY, reference, nullable=on_delete == "SET NULL")


def _partial(name: str, condition: str) -> Index:
    """An index of the rows with something in the clear: none, as a rule."""
    return Index(name, "id", sqlite_where=text(condition), postgresql_where=text(condition))


collections = Table(
    "collections",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("pack", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("pruned", BigInteger, nullable=False, server_default="0"),
    Column("replaced", BigInteger, nullable=False, server_default="0"),
    Column("face_count", BigInteger, nullable=False, server_default="0"),
    Column("user_count", BigInteger, nullable=False, server_default="0"),
    Column("sealing_key", BigInteger),
    Index("ix_collections_sealing_key", "sealing_key", unique=True),
    sqlite_autoincrement=True,
)

collection_tags = Table(
    "collection_tags",
    metadata,
    Column(
        "collection_id", KEY, ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

images = Table(
    "images",
    metadata,
    Column("id", KEY, primary_key=True),
    _parent("collection_id", "collections"),
    Column("sha256", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("origin", Text),
    Column("origin_key", Text),
    UniqueConstraint("collection_id", "sha256"),
    _partial("ix_images_plain", "name <> '' OR origin IS NOT NULL"),
    sqlite_autoincrement=True,
)

users = Table(
    "users",
    metadata,
    Column("id", KEY, primary_key=True),
    _parent("collection_id", "collections"),
    Column("name_key", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("subject_id", Text, nullable=False, server_default=text("''")),
    Column("urls", Text),
    Column("known_gender", Text),
    Column("sealing_key", BigInteger),
    Column("sealed_names", LargeBinary),
    UniqueConstraint("collection_id", "name_key"),
    Index("ix_users_sealing_key", "sealing_key", unique=True),
    _partial("ix_users_plain", "sealed_names IS NULL"),
    Index("ix_users_order", "collection_id", "id"),
    Index("ix_users_subject", "subject_id", unique=True),
    sqlite_autoincrement=True,
)

faces = Table(
    "faces",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("face_id", Text, nullable=False, unique=True),
    _parent("collection_id", "collections"),
    _parent("image_id", "images"),
    _parent("user_id", "users", "SET NULL"),
    Column("box_left", Double, nullable=False),
    Column("box_top", Double, nullable=False),
    Column("box_width", Double, nullable=False),
    Column("box_height", Double, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("quality", Integer, nullable=False),
    Column("magnitude", Double),
    Column("external_id", Text),
    Column("template", LargeBinary, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Column("sealing_key", BigInteger),
    Column("sealed_names", LargeBinary),
    Index("ix_faces_sealing_key", "sealing_key", unique=True),
    _partial("ix_faces_plain", "sealed_names IS NULL"),
    Index("ix_faces_order", "collection_id", "id"),
    Index("ix_faces_revision", "collection_id", "revision"),
    Index("ix_faces_image", "image_id"),
    Index("ix_faces_user", "user_id"),
    sqlite_autoincrement=True,
)

# The keys of faces that were deleted lately, by the revision which did that.
deleted_faces = Table(
    "deleted_faces",
    metadata,
    Column(
        "collection_id", KEY, ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("revision", BigInteger, primary_key=True),
    Column("face", KEY, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# The keys of what was deleted, which are to be destroyed: of records by their numbers, and those of
# collections by theirs. Triggers write them down.
released_keys = Table(
    "released_keys",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# Files that hold an index as it was at a revision, by their SHA-256: none other is believed.
# What was deleted up to the revision `pruned` is not in them.
index_snapshots = Table(
    "index_snapshots",
    metadata,
    Column("digest", Text, primary_key=True),
    _parent("collection_id", "collections"),
    Column("revision", BigInteger, nullable=False),
    Column("pruned", BigInteger, nullable=False),
    Column("written_at", Text, nullable=False),
    Column("sealing_key", BigInteger),
    Index("ix_index_snapshots_sealing_key", "sealing_key", unique=True),
    Index("ix_index_snapshots_collection", "collection_id"),
)

# What a face is in one template space and may not be in another.
CARRIED = {
    "box_left": Double,
    "box_top": Double,
    "box_width": Double,
    "box_height": Double,
    "confidence": Double,
    "quality": Integer,
    "magnitude": Double,
    "template": LargeBinary,
}

# Images and videos that faces were looked for in.
media = Table(
    "media",
    metadata,
    Column("id", KEY, primary_key=True),
    _parent("collection_id", "collections"),
    Column("sha256", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("taken_at", Text),
    Column("taken_from", Text),
    Column("width", Integer, nullable=False, server_default="0"),
    Column("height", Integer, nullable=False, server_default="0"),
    Column("problem", Text, nullable=False, server_default=text("''")),
    Column("fingerprint", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    UniqueConstraint("collection_id", "sha256"),
    Index("ix_media_order", "collection_id", "id"),
    sqlite_autoincrement=True,
)

# Where a medium lies; the size and the time of the last change are those of then.
media_files = Table(
    "media_files",
    metadata,
    Column("id", KEY, primary_key=True),
    _parent("collection_id", "collections"),
    _parent("medium_id", "media"),
    Column("folder", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False),
    UniqueConstraint("collection_id", "folder", "name"),
    Index("ix_media_files_medium", "medium_id"),
    sqlite_autoincrement=True,
)

# Sightings that are taken for one person's, who has a name if a person gave one.
sighting_groups = Table(
    "sighting_groups",
    metadata,
    Column("id", KEY, primary_key=True),
    _parent("collection_id", "collections"),
    _parent("user_id", "users", "SET NULL"),
    Column("ignored", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
    Index("ix_sighting_groups_order", "collection_id", "id"),
    Index("ix_sighting_groups_user", "user_id"),
    sqlite_autoincrement=True,
)

# Groups that a person has said are never the same person; the lower number is first.
groups_apart = Table(
    "groups_apart",
    metadata,
    *(
        Column(which, KEY, ForeignKey("sighting_groups.id", ondelete="CASCADE"), primary_key=True)
        for which in ("first", "second")
    ),
    Index("ix_groups_apart_second", "second"),
)

# The same of users, and of groups and users.
users_apart = Table(
    "users_apart",
    metadata,
    *(
        Column(which, KEY, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
        for which in ("first", "second")
    ),
    Index("ix_users_apart_second", "second"),
    sqlite_with_rowid=False,
)

groups_not_users = Table(
    "groups_not_users",
    metadata,
    Column("group_id", KEY, ForeignKey("sighting_groups.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", KEY, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_groups_not_users_user", "user_id"),
    sqlite_with_rowid=False,
)

# Faces of media, kept to be searched later by those who may search the collection.
sightings = Table(
    "sightings",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("sighting_id", Text, nullable=False, unique=True),
    _parent("collection_id", "collections"),
    _parent("medium_id", "media"),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("best_ms", BigInteger, nullable=False),
    Column("box_left", Double, nullable=False),
    Column("box_top", Double, nullable=False),
    Column("box_width", Double, nullable=False),
    Column("box_height", Double, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("quality", Integer, nullable=False),
    Column("fit", Boolean, nullable=False),
    Column("shots", Integer, nullable=False),
    Column("template", LargeBinary, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text),
    Column("pack", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("sealing_key", BigInteger),
    Index("ix_sightings_sealing_key", "sealing_key", unique=True),
    Index("ix_sightings_order", "collection_id", "id"),
    Index("ix_sightings_medium", "medium_id"),
    _parent("group_id", "sighting_groups", "SET NULL"),
    Column("compared", Boolean, nullable=False, server_default=false()),
    Index("ix_sightings_expiry", "expires_at"),
    Index("ix_sightings_group", "group_id"),
    sqlite_autoincrement=True,
)

# The way of a collection from its former template space to another, while it is on it.
upgrades = Table(
    "upgrades",
    metadata,
    Column("collection", KEY, ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("former_pack", Text, nullable=False),
    Column("former_fingerprint", Text, nullable=False),
    Column("former_dimension", Integer, nullable=False),
    Column("target_pack", Text, nullable=False),
    Column("target_fingerprint", Text, nullable=False),
    Column("target_dimension", Integer, nullable=False),
    Column("switched", Boolean, nullable=False),
    Column("ending", Boolean, nullable=False),
    Column("started_at", Text, nullable=False),
)

# What a face is in the space that its collection comes from and in the one that it goes to.
# Either set is written over `faces` whenever it is to be in force.
upgrade_templates = Table(
    "upgrade_templates",
    metadata,
    Column("face", KEY, ForeignKey("faces.id", ondelete="CASCADE"), primary_key=True),
    *(
        Column(f"{which}_{name}", kind, nullable=name == "magnitude")
        for which in ("former", "target")
        for name, kind in CARRIED.items()
    ),
)

# Why a face has no template in the other space.
upgrade_losses = Table(
    "upgrade_losses",
    metadata,
    Column("face", KEY, ForeignKey("faces.id", ondelete="CASCADE"), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

# What may be done with a collection: `document` is a `Policy` as JSON.
policies = Table(
    "policies",
    metadata,
    Column("collection", KEY, ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("document", Text, nullable=False),
    Column("set_at", Text, nullable=False),
)

# How strangers score in searches of a collection: `part` is the baseline or the window since the
# last comparison, `bin` the score from -1 on in steps. No template, no id.
score_counts = Table(
    "score_counts",
    metadata,
    Column("collection", KEY, ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("space", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("bin", Integer, primary_key=True, autoincrement=False),
    Column("seen", BigInteger, nullable=False),
)

# What the last window of each collection came to.
score_drifts = Table(
    "score_drifts",
    metadata,
    Column("collection", KEY, ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("space", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("distance", Double, nullable=False),
    Column("bound", Double, nullable=False),
    Column("shift", Double, nullable=False),
)

# Where nobody searches: `scope` is the name of a collection, and empty for all of them.
search_stops = Table(
    "search_stops",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("stopped_at", Text, nullable=False),
)

# What people agreed to; the row outlives the user, whom `subject_id` then names no more.
consents = Table(
    "consents",
    metadata,
    Column("id", KEY, primary_key=True),
    _parent("collection_id", "collections"),
    _parent("user_id", "users", "SET NULL"),
    Column("subject_id", Text, nullable=False),
    Column("given_at", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("text_sha256", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("expires_at", Text),
    Column("withdrawn_at", Text),
    Index("ix_consents_order", "collection_id", "id"),
    Index("ix_consents_user", "user_id"),
    sqlite_autoincrement=True,
)

# What was searched for lately: digests of probes and opaque ids of people, a row each search.
search_targets = Table(
    "search_targets",
    metadata,
    Column("id", KEY, primary_key=True),
    _parent("collection_id", "collections"),
    Column("target", Text, nullable=False),
    Column("searched_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Index("ix_search_targets_counted", "collection_id", "target", "searched_at"),
    Index("ix_search_targets_expiry", "expires_at"),
    sqlite_autoincrement=True,
)

# Evaluations on pictures that are no one's references; what came of them names nobody.
evaluations = Table(
    "evaluations",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("evaluation_id", Text, nullable=False, unique=True),
    _parent("collection_id", "collections"),
    Column("kind", Text, nullable=False),
    Column("pack", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("message", Text),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("report", LargeBinary),
    Column("figures", LargeBinary),
    Column("calibration", Text),
    Index("ix_evaluations_order", "collection_id", "id"),
    Index("ix_evaluations_running", "state", "seen_at"),
    sqlite_autoincrement=True,
)

# Who may search on where the policy says that it was enough, as often as is left.
search_approvals = Table(
    "search_approvals",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("approval_id", Text, nullable=False, unique=True),
    _parent("collection_id", "collections"),
    Column("searcher", Text, nullable=False),
    Column("granted_by", Text, nullable=False),
    Column("granted_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("searches_left", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_search_approvals_order", "collection_id", "id"),
    sqlite_autoincrement=True,
)
