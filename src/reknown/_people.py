"""Wrong names mended, in a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reknown.services.context import Context


class People:
    """The people of the galleries: names and faces that are wrong are mended here.

    A name may be spelled in any characters that look the same.
    """

    def __init__(self, context: Callable[[], Context]) -> None:
        self._context = context

    def rename(self, person: str, name: str, collection: str = "people") -> None:
        """Gives a person another name; the old one is gone from the files.

        Raises `errors.NotFoundError`, `errors.AlreadyExistsError` where another person has that
        name, `errors.InputError`.
        """
        from reknown.services.galleries.mending import rename_user  # noqa: PLC0415

        rename_user(self._context(), collection, person, name)

    def merge(self, person: str, into: str, collection: str = "people") -> tuple[str, ...]:
        """Makes two people one: the second gets all faces of the first, who is gone then.

        The ids of the faces moved, with which `move_faces` takes it back. Raises
        `errors.NotFoundError`, `errors.InputError`.
        """
        from reknown.services.galleries.mending import merge_users  # noqa: PLC0415

        done = merge_users(self._context(), collection, person, into)
        return tuple(face.face_id for face in done.faces)

    def keep_apart(
        self, person: str, other: str, collection: str = "people", *, undo: bool = False
    ) -> None:
        """Says that two people are never one, so that nothing proposes it; or takes that back.

        Raises `errors.NotFoundError`, `errors.InputError`.
        """
        from reknown.services.galleries.mending import keep_users_apart  # noqa: PLC0415

        keep_users_apart(self._context(), collection, person, other, undo=undo)

    def move_faces(
        self, face_ids: Iterable[str], to: str | None, collection: str = "people"
    ) -> tuple[str, ...]:
        """Gives single faces to a person, made if missing, or with None to nobody.

        The ids of those that are not there. Raises `errors.NotFoundError` for the gallery,
        `errors.InputError` for a name that cannot be stored.
        """
        from reknown.services.galleries.mending import move_faces  # noqa: PLC0415

        return move_faces(self._context(), collection, tuple(face_ids), to).absent
