"""A request from its signature to its answer, step by step."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from reknown.api.absent import instead_of
from reknown.api.call import Call, RecordOutputs
from reknown.api.catalogue import OPERATIONS
from reknown.api.errors import INTERNAL, UNAVAILABLE, internal_error, wire_error, without_database
from reknown.api.operations.celebrities import gallery_of_celebrities
from reknown.api.registry import HANDLERS, Handler, collection_of, watch_of
from reknown.api.wire_attributes import Unmeasured
from reknown.awswire import json11, sigv4
from reknown.awswire.errors import WireError, error_body
from reknown.biometrics.errors import (
    DatabaseUnavailableError,
    InputError,
    PolicyError,
    ReknownError,
    ReplayError,
)
from reknown.biometrics.policy import require_approval, require_purpose
from reknown.services.access import Refusal, actor_of, authenticate, record_refusal
from reknown.services.connections import over_a_lost_connection
from reknown.services.context import Actor, Context, Nonce
from reknown.services.galleries.spaces import in_one_space
from reknown.services.quotas import require_left

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import FilteringBoundLogger

    from reknown.api import shapes
    from reknown.api.metrics import Metrics
    from reknown.api.page_tokens import PageTokens
    from reknown.awswire.sigv4 import Authorization, HttpRequest
    from reknown.services.access import AccessKey, Vault
    from reknown.services.context import Platform

SERVICE = "rekognition"
TARGET = "RekognitionService"
PURPOSE, APPROVAL = "X-Reknown-Purpose", "X-Reknown-Approval"
# A signature is accepted for five minutes before and after the time that it states.
_NONCE_LIFE = timedelta(minutes=11)
# A request that has waited longer than that for its turn is authenticated again.
_TRUSTED_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Incoming:
    """What is known of a request from its head alone."""

    http: HttpRequest
    request_id: str
    authorization: Authorization
    operation: str
    handler: Handler
    client: str
    secure: bool


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request whose signature holds: its key, and the body that came at `since` (monotonic s)."""

    incoming: Incoming
    body: bytes
    key: AccessKey
    since: float


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What goes back; `code` is empty unless it is an error."""

    request_id: str
    status: int
    body: bytes
    code: str = ""
    reason: str = ""
    retry_after_ms: int | None = None


@dataclass(slots=True)
class _Progress:
    """What is known so far of a request, for its line in the log and its refusal."""

    key: AccessKey | None = None
    collection: str | None = None
    watch: str | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """Answers requests with what it is made of; safe for many threads."""

    platform: Platform
    vault: Vault
    page_tokens: PageTokens
    metrics: Metrics
    log: FilteringBoundLogger
    topics: bool = False
    outputs: RecordOutputs = RecordOutputs()
    celebrities: str | None = None
    unmeasured: Unmeasured = Unmeasured.OMIT

    def head(self, http: HttpRequest, client: str, *, secure: bool) -> Incoming:
        """Whether the rest of the request is worth reading; raises `WireError`."""
        operation = json11.operation(http.headers, TARGET)
        authorization = sigv4.read_authorization(http, SERVICE, datetime.now(UTC))
        handler = HANDLERS.get(operation)
        if handler is None:
            raise _not_there(operation)
        return Incoming(http, str(uuid4()), authorization, operation, handler, client, secure)

    def admit(self, incoming: Incoming, body: bytes) -> Admitted | Outgoing:
        """The request with its key, or the answer where the signature does not hold.

        It takes little: only then is it known whose turn it is to wait.
        """
        since = time.monotonic()

        def authenticate() -> Admitted:
            with self.metrics.stage("authenticate"):
                key = self._authenticate(incoming, body)
            return Admitted(incoming, body, key, since)

        return self._noted(incoming, len(body), since, _Progress(), authenticate)

    def answer(self, admitted: Admitted) -> Outgoing:
        """Carries out the request; whatever happens, there is an answer and a line in the log."""
        incoming, progress = admitted.incoming, _Progress(admitted.key)
        result = self._noted(
            incoming,
            len(admitted.body),
            admitted.since,
            progress,
            lambda: self._carried_out(admitted, progress),
        )
        return cast("Outgoing", result)

    def refuse(self, error: WireError, client: str, key: AccessKey | None = None) -> Outgoing:
        """The answer to a request that is not carried out at all."""
        outgoing = refusal(error, str(uuid4()))
        self.metrics.answered("-", error.code, 0.0)
        self.log.info(
            "refused",
            request_id=outgoing.request_id,
            client=client,
            key=key and key.key_id,
            code=error.code,
            reason=error.message,
        )
        return outgoing

    def _noted(
        self,
        incoming: Incoming,
        received: int,
        since: float,
        progress: _Progress,
        step: Callable[[], Admitted | Outgoing],
    ) -> Admitted | Outgoing:
        """What the step leads to; an answer has its line in the log."""
        try:
            result = step()
        except WireError as error:
            result = refusal(error, incoming.request_id)
        except DatabaseUnavailableError as error:
            self.log.error("request failed", request_id=incoming.request_id, error=str(error))
            result = refusal(without_database(), incoming.request_id)
        except Exception:
            self.log.exception("request failed", request_id=incoming.request_id)
            result = refusal(internal_error(), incoming.request_id)
        if isinstance(result, Outgoing):
            self._note(incoming, result, progress, time.monotonic() - since, received)
        return result

    def _carried_out(self, admitted: Admitted, progress: _Progress) -> Outgoing:
        incoming = admitted.incoming
        key = progress.key = self._still(admitted)
        context = Context(self.platform, self._actor(incoming, key))
        try:
            purpose = _stated(incoming, PURPOSE, require_purpose) or key.purpose
            approval = _stated(incoming, APPROVAL, require_approval)
            actor = replace(context.actor, purpose=purpose, approval=approval)
            context = context.by(actor)
            request, collection = self._read(incoming, admitted.body)
            progress.collection, progress.watch = collection, watch_of(request)
            self._authorise(incoming, key, collection)
            response = self._run(incoming, self._call(incoming, key, context), request, collection)
        except WireError as error:
            if not _is_recorded(error):
                self._record_refusal(incoming, context, progress, error)
            raise
        return Outgoing(incoming.request_id, 200, json11.encode(response))

    def _still(self, admitted: Admitted) -> AccessKey:
        """The key as it is now: it may have been revoked while its request waited."""
        if time.monotonic() - admitted.since < _TRUSTED_SECONDS:
            return admitted.key
        return self._authenticate(admitted.incoming, admitted.body)

    def _run(
        self, incoming: Incoming, call: Call, request: shapes.Shape, collection: str | None
    ) -> shapes.Shape:
        def work() -> shapes.Shape:
            # what would be refused at the end does not have to be worked for
            require_left(call.context, incoming.handler.action, incoming.handler.images)
            # a collection may be switched to another model pack while it is asked
            return in_one_space(
                self.platform.database, collection, lambda: incoming.handler.run(call, request)
            )

        try:
            # nobody knows whether a change was committed as the connection was lost
            return work() if incoming.handler.changes else over_a_lost_connection(work)
        except ReknownError as error:
            raise self._translated(incoming, error, collection) from error
        except Exception as error:  # a fault of ours belongs into the ledger too
            self.log.exception("request failed", request_id=incoming.request_id)
            raise internal_error() from error

    def _authenticate(self, incoming: Incoming, body: bytes) -> AccessKey:
        key_id = incoming.authorization.access_key_id
        found = over_a_lost_connection(
            lambda: authenticate(self.platform.database, self.vault, key_id)
        )
        if found is None:
            raise sigv4.unknown_key()
        key, secret = found
        sigv4.verify(incoming.authorization, incoming.http, body, secret, secure=incoming.secure)
        return key

    def _actor(self, incoming: Incoming, key: AccessKey) -> Actor:
        signed = incoming.authorization
        nonce = None
        if incoming.handler.changes:
            nonce = Nonce(signed.signature, signed.signed_at + _NONCE_LIFE)
        return Actor(actor_of(key.key_id), incoming.request_id, nonce)

    def _read(self, incoming: Incoming, body: bytes) -> tuple[shapes.Shape, str | None]:
        shape = OPERATIONS[incoming.operation].request
        if shape is None:
            raise _not_there(incoming.operation)
        request = json11.decode(body, shape)
        try:
            if incoming.handler.celebrities:
                return request, gallery_of_celebrities(self.celebrities)
            return request, collection_of(request)
        except InputError as error:
            raise wire_error(error, incoming.operation, None) from error

    def _authorise(self, incoming: Incoming, key: AccessKey, collection: str | None) -> None:
        by_name = incoming.handler.by_name
        if not key.rights.permits(incoming.operation, collection, by_name=by_name):
            resource = "*" if collection is None else f"collection/{collection}"
            if incoming.handler.celebrities:  # the caller has not named it, nor is it told
                resource = "the gallery of celebrities"
            advice = f": keys have to name {incoming.operation} for it" if by_name else ""
            raise WireError(
                "AccessDeniedException",
                f"User: {key.key_id} is not authorized to perform: "
                f"rekognition:{incoming.operation} on resource: {resource}{advice}",
            )

    def _call(self, incoming: Incoming, key: AccessKey, context: Context) -> Call:
        return Call(
            context=context,
            page_tokens=self.page_tokens,
            rights=key.rights,
            region=incoming.authorization.region,
            topics=self.topics,
            outputs=self.outputs,
            celebrities=self.celebrities,
            unmeasured=self.unmeasured,
        )

    def _translated(
        self, incoming: Incoming, error: ReknownError, collection: str | None
    ) -> WireError:
        translated = wire_error(error, incoming.operation, collection)
        if translated.code in {INTERNAL, UNAVAILABLE}:
            self.log.error("request failed", request_id=incoming.request_id, error=str(error))
        return translated

    def _record_refusal(
        self, incoming: Incoming, context: Context, progress: _Progress, error: WireError
    ) -> None:
        """Consumes the signature too: what failed must not succeed later when sent by others."""
        action, operation = incoming.handler.action, incoming.operation
        collection, watch = progress.collection, progress.watch
        try:
            record_refusal(context, collection, Refusal(action, operation, error.code), watch)
        except ReplayError as replay:
            refused = wire_error(replay, operation, collection)
            plain = context.by(replace(context.actor, nonce=None))
            record_refusal(plain, collection, Refusal(action, operation, refused.code), watch)
            raise refused from replay

    def _note(
        self,
        incoming: Incoming,
        outgoing: Outgoing,
        progress: _Progress,
        seconds: float,
        received: int,
    ) -> None:
        self.metrics.answered(incoming.operation, outgoing.code, seconds)
        self.log.info(
            "request",
            request_id=incoming.request_id,
            client=incoming.client,
            key=progress.key and progress.key.key_id,
            operation=incoming.operation,
            collection=progress.collection,
            code=outgoing.code or "OK",
            reason=outgoing.reason,
            ms=round(1000 * seconds, 2),
            bytes_in=received,
            bytes_out=len(outgoing.body),
        )


def _stated(incoming: Incoming, header: str, required: Callable[[str, str], str]) -> str | None:
    """What the request's header says, None without one; raises `WireError`."""
    stated = incoming.http.values(header.lower())
    if not stated:
        return None
    try:
        if len(stated) > 1:
            raise InputError(f"{header} is taken once, not {len(stated)} times")
        return required(header, stated[0].decode("latin-1").strip())
    except InputError as error:
        raise WireError("InvalidParameterException", str(error)) from error


def _is_recorded(error: WireError) -> bool:
    """Whether the use case has written this refusal down, with its own reason."""
    return isinstance(error.__cause__, PolicyError) and error.__cause__.recorded


def refusal(error: WireError, request_id: str) -> Outgoing:
    """The error as an answer."""
    body = error_body(error, request_id)
    return Outgoing(request_id, error.status, body, error.code, error.message, error.retry_after_ms)


def _not_there(operation: str) -> WireError:
    if operation in OPERATIONS:
        return WireError(
            "NotImplementedException",
            f"{operation} is not implemented. {instead_of(operation)}",
        )
    return WireError("UnknownOperationException", f"There is no operation {operation!r}")
