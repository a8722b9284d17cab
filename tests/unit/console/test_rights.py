from __future__ import annotations

import pytest

from reknown.api.granting import rights_of
from reknown.biometrics.errors import InputError
from reknown.console.routes import PAGES
from reknown.services.sign_in import FOR_OPERATORS

_RIGHTS = sorted({page.operation for page in PAGES if page.operation is not None})


@pytest.mark.parametrize("right", [each for each in _RIGHTS if each not in FOR_OPERATORS])
def test_every_right_of_a_page_can_be_given_to_a_key(right: str) -> None:
    assert rights_of([right], []).permits(right, "people", by_name=True)


@pytest.mark.parametrize("right", ["ReknownManageSettings", "ReknownAddToArchives", "Nothing*"])
def test_what_no_key_can_use_is_a_mistake(right: str) -> None:
    with pytest.raises(InputError, match="is not an operation"):
        rights_of([right], [])
