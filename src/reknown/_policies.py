"""What galleries may be used for, and who has agreed to be in them, in a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown._inputs import path_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown._inputs import FilePath
    from reknown.biometrics.policy import Policy
    from reknown.gallery.approvals import Approval
    from reknown.gallery.consents import Consent
    from reknown.services.context import Context


class Policies:
    """The rules of the galleries, consents of their people, approvals, and stops of searches.

    What is set here holds for every program, command and server on the database at once.
    """

    def __init__(self, context: Callable[[], Context]) -> None:
        self._context = context

    def read(self, collection: str = "people") -> Policy:
        """The rules in force. Raises `errors.NotFoundError` for the gallery."""
        from reknown.services.policies.rules import read_policy  # noqa: PLC0415 - takes long

        return read_policy(self._context(), collection)

    def set(self, policy: FilePath, collection: str = "people") -> Policy:
        """Puts the rules of a TOML file in the place of all that were in force.

        `reknown collections policy --template` writes such a file. Raises `errors.InputError` that
        names line and rule, `errors.NotFoundError`, `errors.PolicyError` for an incomplete one
        where the gallery has to be governed.
        """
        from reknown.services.policies.files import read_policy_file  # noqa: PLC0415
        from reknown.services.policies.rules import set_policy  # noqa: PLC0415

        wanted = read_policy_file(path_of(policy))
        set_policy(self._context(), collection, wanted)
        return wanted

    def give_consent(
        self,
        person: str,
        text: bytes,
        basis: str,
        expires: str | None = None,
        collection: str = "people",
    ) -> Consent:
        """Puts down that somebody has agreed to be enrolled; keeps the SHA-256 of the text.

        `basis` is how it was given: signed, clicked, told. `expires` is a date as 2027-12-31.
        Raises `errors.InputError`, `errors.NotFoundError` for the gallery.
        """
        from reknown.services.policies import consents  # noqa: PLC0415

        until = None if expires is None else consents.moment_of(expires)
        new = consents.consent_to(text, basis, until)
        return consents.give_consent(self._context(), collection, person, new)

    def withdraw_consent(self, person: str, collection: str = "people") -> tuple[int, ...]:
        """Ends all consents of somebody and deletes faces, sightings and name at once.

        The numbers of the consents. Raises `errors.NotFoundError`.
        """
        from reknown.services.policies.consents import withdraw_consent  # noqa: PLC0415

        return withdraw_consent(self._context(), collection, person)

    def consents(self, collection: str = "people") -> tuple[Consent, ...]:
        """All that were ever given, oldest first; raises `errors.NotFoundError`."""
        from reknown.services.galleries.pages import all_pages  # noqa: PLC0415
        from reknown.services.policies.consents import list_consents  # noqa: PLC0415

        return tuple(all_pages(lambda page: list_consents(self._context(), collection, page)))

    def grant_approval(
        self,
        searcher: str,
        reason: str,
        searches: int = 1,
        days: int = 7,
        collection: str = "people",
    ) -> Approval:
        """Lets somebody search for the same person more often than the rules allow.

        `searcher` is named as in the ledger: `cli:ada`, or `key:RK...`. Raises
        `errors.InputError`, `errors.NotFoundError`, `errors.AccessError` for one's own searches.
        """
        from reknown.services.policies import approvals  # noqa: PLC0415

        new = approvals.approval_for(searcher, reason, searches, days)
        return approvals.grant_approval(self._context(), collection, new)

    def withdraw_approval(self, approval: str, collection: str = "people") -> Approval:
        """Ends an approval at once; raises `errors.InputError`, `errors.NotFoundError`."""
        from reknown.services.policies.approvals import withdraw_approval  # noqa: PLC0415

        return withdraw_approval(self._context(), collection, approval)

    def approvals(self, collection: str = "people") -> tuple[Approval, ...]:
        """All that were ever granted, oldest first; raises `errors.NotFoundError`."""
        from reknown.services.galleries.pages import all_pages  # noqa: PLC0415
        from reknown.services.policies.approvals import list_approvals  # noqa: PLC0415

        return tuple(all_pages(lambda page: list_approvals(self._context(), collection, page)))

    def stop_searches(self, reason: str, collection: str | None = None) -> None:
        """From now on nobody searches the gallery; any gallery, where none is named.

        Raises `errors.NotFoundError`, `errors.InputError`.
        """
        from reknown.services.policies.stops import stop_searches  # noqa: PLC0415

        stop_searches(self._context(), collection, reason)

    def resume_searches(self, collection: str | None = None) -> bool:
        """Takes back the stop of that gallery, or that of all; whether there was one."""
        from reknown.services.policies.stops import resume_searches  # noqa: PLC0415

        return resume_searches(self._context(), collection)
