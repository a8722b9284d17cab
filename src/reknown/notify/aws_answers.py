"""What an endpoint that speaks AWS answered to a message, as our errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reknown.awsclient import CREDENTIAL_ERRORS, RedirectError
from reknown.biometrics.errors import NotifyError
from reknown.notify.base import refusal

if TYPE_CHECKING:
    from collections.abc import Collection

_SPEAKABLE = re.compile(r"[0-9A-Za-z.]{1,64}")
# Told apart from what is said of the message: they come with 4xx, but others can mend them.
_LATER = CREDENTIAL_ERRORS | {
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "MissingAuthenticationToken",
    "RequestExpired",
    "RequestLimitExceeded",
}


def notify_error(error: Exception, endpoint: str, later: Collection[str] = ()) -> NotifyError:
    """The error for what boto3 raised; the codes `later` ask for patience, too."""
    if isinstance(error, RedirectError):
        return refusal(endpoint, 300)
    answer: Any = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return NotifyError(f"the {endpoint} cannot be used: {type(error).__name__}")
    code = str(answer.get("Error", {}).get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    said = f" {code}" if _SPEAKABLE.fullmatch(code) and code != str(status) else ""
    patience = code in _LATER or code in later or "throttl" in code.lower()
    if patience or not isinstance(status, int):
        return NotifyError(f"the {endpoint} answered {status}{said}")
    return refusal(endpoint, status, said)
