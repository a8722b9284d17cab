"""One endpoint that speaks AWS, and what it answered to a message as our errors."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from reknown.awsclient import Endpoint, RedirectError, Timeouts, guarded_client, is_of_credentials
from reknown.biometrics.errors import NotifyError
from reknown.notify.base import NotifyTimeouts, refusal

_SPEAKABLE = re.compile(r"[0-9A-Za-z.]{1,64}")
# Like what is of credentials: it comes with 4xx, but says nothing of the message.
_BUSY = "RequestLimitExceeded"


class AwsSender:
    """Asks one endpoint, whatever the ARNs that it is given say about regions.

    Without `access_key_id` and `secret`, credentials are found as boto3 finds them: in the
    environment, in its profiles, on the machine. Safe to use from several threads.

    Raises `InputError` when boto3 is missing or the arguments make no sense.
    """

    __slots__ = ("_client",)

    SERVICE: ClassVar[str]
    """As people write it; boto3's name is the same in small letters."""
    BUSY: ClassVar[frozenset[str]] = frozenset()
    """What this service says beside others where it has to be asked again later."""

    def __init__(
        self,
        endpoint: str,
        region: str,
        access_key_id: str | None = None,
        secret: str | None = None,
        timeouts: NotifyTimeouts = NotifyTimeouts(),
    ) -> None:
        # One attempt: when to try again is decided where the message is kept.
        self._client = guarded_client(
            Endpoint(self.SERVICE.lower(), endpoint, region, access_key_id, secret),
            Timeouts(timeouts.connect, timeouts.read, timeouts.answer, attempts=1),
            signature_version="v4",
        )

    def close(self) -> None:
        """Closes the connections that are kept for reuse."""
        self._client.close()

    def _ask(self, operation: str, **message: object) -> None:
        """Raises `NotifyError` where it may go better later, else `RefusedNotifyError`."""
        try:
            getattr(self._client, operation)(**message)
        except Exception as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> NotifyError:
        endpoint = f"{self.SERVICE} endpoint"
        if isinstance(error, RedirectError):
            return refusal(endpoint, 300)
        answer: Any = getattr(error, "response", None)
        if not isinstance(answer, dict):
            return NotifyError(f"the {endpoint} cannot be used: {type(error).__name__}")
        code = str(answer.get("Error", {}).get("Code", ""))
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
        said = f" {code}" if _SPEAKABLE.fullmatch(code) and code != str(status) else ""
        busy = code == _BUSY or code in self.BUSY or "throttl" in code.lower()
        if busy or is_of_credentials(code) or not isinstance(status, int):
            return NotifyError(f"the {endpoint} answered {status}{said}")
        return refusal(endpoint, status, said)
