"""Decisions by people, in a program: cases of a gallery, and what reviewers make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown._inputs import path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal

    from reknown._inputs import FilePath
    from reknown.review.cases import ReviewCase
    from reknown.services.context import Context
    from reknown.services.reviews.cases import JudgedReview, ShownCase
    from reknown.services.reviews.packets import DisclosurePacket
    from reknown.services.reviews.rates import MonthRates

    Said = Literal["same", "different", "cannot-tell"]
    Contested = Literal["complaint", "new-evidence", "procedure", "quality"]


class Reviews:
    """The cases that searches have opened, as the policies of their galleries ask for.

    What is done is done as this user, who has to be a reviewer to judge. An outcome is an opinion
    of people to be followed up by other means, never an identification.
    """

    def __init__(self, context: Callable[[], Context]) -> None:
        self._context = context

    def list(self, collection: str = "people") -> tuple[ReviewCase, ...]:
        """The cases, oldest first. Raises `errors.NotFoundError` for the gallery."""
        from reknown.services.galleries.pages import all_pages  # noqa: PLC0415 - takes long
        from reknown.services.reviews.queue import list_cases  # noqa: PLC0415

        return tuple(all_pages(lambda page: list_cases(self._context(), collection, page)))

    def read(self, case: str, collection: str = "people") -> ShownCase:
        """A case as this user may see it; a reviewer begins a review by it.

        Scores, ranks and the opinions of others come with the decision. Raises
        `errors.NotFoundError`.
        """
        from reknown.services.reviews.cases import read_case  # noqa: PLC0415

        return read_case(self._context(), collection, case)

    def judge(
        self,
        case: str,
        number: int,
        opinion: Said,
        grounds: Iterable[str],
        note: str | None = None,
        collection: str = "people",
    ) -> JudgedReview:
        """Says whether probe and candidate are of the same person: final once said.

        `grounds` are codes such as "ears"; the note is deleted with the candidate or the case. A
        reviewer who has not judged a disputed case settles it. Raises `errors.AccessError` for
        who may not judge, `errors.InputError`, `errors.NotFoundError`.
        """
        from reknown.services.reviews import cases  # noqa: PLC0415

        judgement = cases.judgement_of(opinion, grounds, note)
        return cases.judge(self._context(), collection, case, number, judgement, adjudicate=None)

    def appeal(self, case: str, reason: Contested, collection: str = "people") -> ReviewCase:
        """Contests a decision: the case is open again, for other reviewers.

        Raises `errors.NotFoundError`, `errors.InputError` for a case that is not decided.
        """
        from reknown.services.reviews.cases import appeal  # noqa: PLC0415

        return appeal(self._context(), collection, case, reason)

    def rates(self, collection: str = "people") -> tuple[MonthRates, ...]:
        """How often candidates stood up to reviewers, by month, with how well these judge.

        Raises `errors.NotFoundError` for the gallery.
        """
        from reknown.services.reviews.rates import review_rates  # noqa: PLC0415

        return tuple(review_rates(self._context(), collection))

    def packet(
        self,
        case: str,
        versions: Iterable[FilePath] = (),
        evaluation: FilePath | None = None,
        collection: str = "people",
    ) -> DisclosurePacket:
        """All that is known of a decided case, to be written with `as_zip()` or `as_json()`.

        `versions` are the probe's files, the original first; `evaluation` is a report of
        `reknown evaluate groups --json`. Raises `errors.NotFoundError`, `errors.InputError`.
        """
        from reknown.services.reviews.packets import Enclosures, make_packet  # noqa: PLC0415

        report = None if evaluation is None else path_of(evaluation)
        enclosures = Enclosures(tuple(map(path_of, versions)), report)
        return make_packet(self._context(), collection, case, enclosures)
