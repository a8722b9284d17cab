"""The codes that judgements are made of."""

from __future__ import annotations

from reknown.review.opinions import Ground, Opinion

OPINIONS = tuple(each.value for each in Opinion)
GROUNDS = tuple(each.value for each in Ground)
