"""Two pictures: could they be of one person?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.thresholds import ThresholdChoice
from reknown.console.own_words import FormError
from reknown.console.rendering import page
from reknown.console.shown_pictures import data_address
from reknown.console.words import similarity
from reknown.services.images.verification import VerificationTerms, verify

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit


def ask(visit: Visit) -> Response:
    """The form."""
    return page(visit, "compare.html.j2", answer=None)


def compare(visit: Visit) -> Response:
    """Both pictures with what was compared; they are forgotten with this answer."""
    probe, reference = (_picture(visit, name) for name in ("probe", "reference"))
    terms = VerificationTerms(ThresholdChoice(similarity(visit.arrival.form.get("similarity", ""))))
    done = verify(visit.context, probe, reference, terms)
    return page(
        visit,
        "compare.html.j2",
        answer=done,
        probe=data_address(visit, probe),
        reference=data_address(visit, reference),
    )


def _picture(visit: Visit, name: str) -> bytes:
    upload = visit.arrival.uploads.get(name)
    if upload is None or not upload.data:
        raise FormError("choose two pictures first")
    return upload.data
