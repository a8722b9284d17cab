"""People: looked at, named, made one, and given the faces that are theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.console.own_words import FormError
from reknown.console.rendering import go, page, to
from reknown.console.undoing import offer, offered
from reknown.services.galleries.faces import delete_faces, list_faces
from reknown.services.galleries.mending import (
    keep_users_apart,
    merge_users,
    move_faces,
    rename_user,
)
from reknown.services.galleries.pages import PageRequest
from reknown.services.galleries.users import list_users, look_up_user, read_user

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response

    from reknown.biometrics.records import FaceRecord, UserRecord
    from reknown.console.visit import Visit

_PEOPLE, _FACES = 60, 60


def people(visit: Visit) -> Response:
    """A page of the people of a collection; or the one whose name was asked for."""
    name = visit.arrival.query.get("name", "").strip()
    if name:
        found = look_up_user(visit.context, visit.its_collection, name)
        return go("people", visit.its_collection, found.subject_id)
    asked = PageRequest(visit.arrival.query.get("after"), _PEOPLE)
    shown = list_users(visit.context, visit.its_collection, asked)
    return page(visit, "people.html.j2", people=shown.items, next=shown.next, undo=offered(visit))


def person(visit: Visit) -> Response:
    """One person with a page of the faces."""
    return _shown(
        visit, read_user(visit.context, visit.its_collection, visit.arrival.place["subject"])
    )


def _shown(visit: Visit, who: UserRecord, error: str | None = None) -> Response:
    asked = PageRequest(visit.arrival.query.get("after"), _FACES)
    _, shown = list_faces(visit.context, visit.its_collection, asked, user=who.name)
    return page(
        visit,
        "person.html.j2",
        who=who,
        faces=shown.items,
        next=shown.next,
        undo=offered(visit),
        error=error,
    )


def rename_again(visit: Visit, error: str) -> Response:
    """Another name that somebody has already: are both one person?"""
    who = look_up_user(visit.context, visit.its_collection, visit.given("name"))
    return _shown(visit, who, error)


def rename(visit: Visit) -> Response:
    """Another name for the same person."""
    old, new = rename_user(
        visit.context, visit.its_collection, visit.given("name"), visit.given("new_name")
    )
    path = to("people", visit.its_collection, "rename")
    undo = offer(visit, path, name=new, new_name=old)
    return _person(
        visit, new, visit.gettext("%(old)s is called %(new)s now.", old=old, new=new), undo
    )


def merge(visit: Visit) -> Response:
    """Two people who are one."""
    done = merge_users(
        visit.context, visit.its_collection, visit.given("name"), visit.given("into")
    )
    undo = _moving_back(visit, done.faces)
    said = visit.gettext("%(name)s is part of %(into)s now.", name=done.merged.name, into=done.into)
    return _person(visit, done.into, said, undo)


def apart(visit: Visit) -> Response:
    """Two people are never one; or that is taken back."""
    name, into = visit.given("name"), visit.given("into")
    back = visit.arrival.form.get("back") == "yes"
    keep_users_apart(visit.context, visit.its_collection, name, into, undo=back)
    if back:
        said = visit.gettext("%(one)s and %(other)s may be one person again.", one=name, other=into)
        undo = None
    else:
        said = visit.gettext("%(one)s and %(other)s stay apart.", one=name, other=into)
        proposed = visit.arrival.form.get("proposed", "")
        path = to("people", visit.its_collection, "apart")
        undo = offer(visit, path, name=name, into=into, back="yes", proposed=proposed)
    return _person(visit, name, said, undo)


def move(visit: Visit) -> Response:
    """Faces given to whom they show, or to nobody."""
    ids = _ids(visit)
    nobody = visit.arrival.form.get("nobody") == "on"
    done = move_faces(
        visit.context, visit.its_collection, ids, None if nobody else visit.given("person")
    )
    undo = _moving_back(visit, done.moved)
    number = len(done.moved)
    if done.to is None:
        said = visit.ngettext(
            "%(count)s face is nobody's now.", "%(count)s faces are nobody's now.", number
        )
        return go("people", visit.its_collection, done=said, undo=undo)
    said = visit.ngettext(
        "%(count)s face is %(name)s's now.",
        "%(count)s faces are %(name)s's now.",
        number,
        name=done.to,
    )
    return _person(visit, done.to, said, undo)


def delete(visit: Visit) -> Response:
    """Faces that are not to be found any more; nothing brings them back."""
    done = delete_faces(visit.context, visit.its_collection, _ids(visit), of_users=True)
    said = visit.ngettext(
        "%(count)s face is deleted.", "%(count)s faces are deleted.", len(done.deleted)
    )
    return go("people", visit.its_collection, done=said)


def _ids(visit: Visit) -> tuple[str, ...]:
    ids = tuple(visit.chosen("face"))
    if not ids:
        raise FormError("choose one face at least")
    return ids


def _person(visit: Visit, name: str, said: str, undo: str | None) -> Response:
    if visit.arrival.form.get("proposed") == "yes":
        return go("proposals", visit.its_collection, done=said, undo=undo)
    who = look_up_user(visit.context, visit.its_collection, name)
    return go("people", visit.its_collection, who.subject_id, done=said, undo=undo)


def _moving_back(visit: Visit, faces: Iterable[FaceRecord]) -> str | None:
    """One step back, where all faces were one person's."""
    faces = list(faces)
    owners = {face.user for face in faces}
    if len(owners) != 1:
        return None
    owner, ids = owners.pop(), [face.face_id for face in faces]
    path = to("people", visit.its_collection, "move")
    if owner is None:
        return offer(visit, path, face=ids, nobody="on")
    return offer(visit, path, face=ids, person=owner)
