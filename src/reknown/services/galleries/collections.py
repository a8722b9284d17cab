"""Collections: made, looked at, tagged, deleted. All of it is in the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import UNSET

from reknown.biometrics.errors import AlreadyExistsError, NotFoundError, QuotaError
from reknown.gallery import collections, policies
from reknown.ledger import log, records
from reknown.services.policies.rules import require_complete, require_ruled
from reknown.storage.paging import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reknown.biometrics.policy import Policy
    from reknown.biometrics.records import Collection
    from reknown.biometrics.templates import TemplateSpace
    from reknown.services.context import Context
    from reknown.services.galleries.pages import PageRequest

# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_TagResource.html
MAX_TAGS = 200


def create_collection(
    context: Context,
    name: str,
    pack: str | None = None,
    tags: Mapping[str, str] | None = None,
    policy: Policy | None = None,
) -> Collection:
    """A new, empty collection of a pack, the default one if none is named.

    Raises `AlreadyExistsError`, `InputError`, `ModelError`, or `PolicyError` without a complete
    policy where it has to be governed.
    """
    require_complete(context, name, policy)
    engines = context.platform.engines
    space = engines.space_of(pack or engines.default_pack)
    with context.database.begin() as connection:
        made = collections.create_collection(connection, name, space, tags)
        record = records.CreateCollectionRecord(records.SpaceRecord.of(space), dict(made.tags))
        log.append(connection, context.actor, name, record)
        if policy is not None:
            policies.set_policy(connection, name, policy)
            # of the same request, whose nonce the record before has consumed
            actor = replace(context.actor, nonce=None)
            log.append(connection, actor, name, records.SetPolicyRecord(policy))
    return replace(made, policy=policy)


def ensure_collection(context: Context, name: str, pack: str | None = None) -> TemplateSpace:
    """The space of the collection, which is made of that pack unless it is there.

    Raises `SpaceMismatchError` when it is there with another pack than the one named,
    `PolicyError` where it has to be governed and its policy is incomplete.
    """
    try:
        existing = context.platform.space_of(name)
    except NotFoundError:
        try:
            return create_collection(context, name, pack).space
        except AlreadyExistsError:  # another process was first
            existing = context.platform.space_of(name)
    if pack is not None:
        context.platform.engines.space_of(pack).require(existing)
    require_ruled(context, name)
    return existing


def describe_collection(context: Context, name: str) -> Collection:
    """One collection with its counts, tags and policy; raises `NotFoundError`."""
    return _described(context, name, records.DescribeCollectionRecord())


def list_tags(context: Context, name: str) -> Mapping[str, str]:
    """The tags of a collection; raises `NotFoundError`."""
    return _described(context, name, records.ListTagsRecord()).tags


def list_collections(
    context: Context, page: PageRequest, visible: Callable[[str], bool] = lambda _: True
) -> Page[Collection]:
    """A page of the collections, without those that the caller may not see."""
    with context.database.begin() as connection:
        found = collections.list_collections(connection, page.after, page.limit)
        shown = tuple(item for item in found.items if visible(item.name))
        record = records.ListCollectionsRecord(len(shown))
        log.append(connection, context.actor, None, record)
    return Page(shown, found.next)


def delete_collection(context: Context, name: str) -> None:
    """Deletes it with all its faces and users; its records go when its policy says.

    Raises `NotFoundError`.
    """
    with context.database.begin() as connection:
        days = policies.policy_of(connection, name).keep_records
        collections.delete_collection(connection, name)
        record = records.DeleteCollectionRecord(UNSET if days is None else days)
        log.append(connection, context.actor, name, record)
    context.platform.indexes.forget(name)
    if context.platform.uploads is not None:
        context.platform.uploads.forget_archive(name)


def change_tags(
    context: Context, name: str, tags: Mapping[str, str], removed: Sequence[str] = ()
) -> Collection:
    """Sets `tags` and drops those with the keys `removed`.

    Raises `NotFoundError`, `QuotaError` for too many tags, `InputError`.
    """
    with context.database.begin() as connection:
        collections.set_tags(connection, name, tags)
        collections.remove_tags(connection, name, removed)
        changed = collections.get_collection(connection, name)
        if len(changed.tags) > MAX_TAGS:
            raise QuotaError(f"a collection has {MAX_TAGS} tags at most")
        record = records.TagCollectionRecord(dict(tags), tuple(removed))
        log.append(connection, context.actor, name, record)
    return changed


def _described(context: Context, name: str, record: records.Record) -> Collection:
    with context.database.begin() as connection:
        log.append(connection, context.actor, name, record)
        return collections.get_collection(connection, name)
