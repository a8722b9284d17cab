"""boto3 clients that talk to one endpoint and to nothing else.

boto3 signs and retries. What it does beyond that is reined in here, because it follows names
that come from strangers, what a user's AWS profile says, and what an endpoint answers: to other
hosts, again and again, or into answers without end.
"""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import dataclass, field
from threading import local
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reknown.biometrics.errors import InputError, ReknownError
from reknown.deadlines import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from socket import socket

_CONNECTIONS = 50
_CHUNK = 64 * 1024
_ANSWER = 64 * 1024
# Services that speak JSON say the same with "Exception" behind it.
_CREDENTIAL_ERRORS = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidSignature",
        "InvalidToken",
        "MissingAuthenticationToken",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClient",
    }
)


class AwsClientError(ReknownError):
    """The endpoint was not asked, or its answer is not taken."""


class StrayRequestError(AwsClientError):
    """boto3 was about to ask another host than the endpoint."""

    def __init__(self) -> None:
        super().__init__("the request would have left the endpoint")


class RedirectError(AwsClientError):
    """The endpoint answered with a redirect, which is never followed."""

    def __init__(self) -> None:
        super().__init__("the endpoint answered with a redirect")


class SlowAnswerError(AwsClientError):
    """The answer came too slowly."""

    def __init__(self) -> None:
        super().__init__("the answer came too slowly")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask, and as whom.

    `service` is boto3's name of the service. Without `access_key_id` and `secret`, credentials
    are found as boto3 finds them: in the environment, in its profiles, on the machine.

    Raises `InputError` when the parts make no sense.
    """

    service: str
    address: str
    region: str
    access_key_id: str | None = None
    secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_address(self.address, self.name)
        if (self.access_key_id is None) != (self.secret is None):
            raise InputError(f"{self.name} needs both an access key id and a secret, or neither")
        if not self.region:
            raise InputError(f"{self.name} needs a region: us-east-1 suits most servers")

    @property
    def name(self) -> str:
        """The service as people write it."""
        return self.service.upper()


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, for each wait, for an answer; and how often to try.

    An answer is all from connecting on, of a stream all up to its body.
    """

    connect: float
    read: float
    answer: float
    attempts: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a body may take: `seconds`, and one more for every `rate` bytes of it."""

    seconds: float
    rate: float = math.inf


def guarded_client(
    endpoint: Endpoint, timeouts: Timeouts, *, answer: int = _ANSWER, **settings: Any
) -> Any:
    """A client of `endpoint.service`; `settings` go to botocore's Config.

    Of an answer that is no stream, `answer` bytes are read at most.

    Its calls raise what boto3 raises, and `AwsClientError`. Safe to use from several threads.

    Raises `InputError` when boto3 is missing or refuses the arguments.
    """
    try:
        # boto3 is large and only needed by those who use S3 or SNS.
        import boto3  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    except ImportError as error:
        raise InputError(f"{endpoint.name} needs boto3: pip install 'reknown[s3]'") from error
    try:
        # What a user's AWS profile may switch on is set, so that only the endpoint counts.
        config = Config(
            connect_timeout=timeouts.connect,
            read_timeout=timeouts.read,
            retries={"total_max_attempts": timeouts.attempts, "mode": "standard"},
            max_pool_connections=_CONNECTIONS,
            response_checksum_validation="when_required",
            use_dualstack_endpoint=False,
            use_fips_endpoint=False,
            **settings,
        )
        session = boto3.session.Session(
            aws_access_key_id=endpoint.access_key_id, aws_secret_access_key=endpoint.secret
        )
        client = session.client(
            endpoint.service,
            region_name=endpoint.region,
            endpoint_url=endpoint.address,
            config=config,
        )
    except (BotoCoreError, ValueError) as error:
        raise InputError(f"{endpoint.name} cannot be set up: {error}") from error
    guard = _Guard(client, _origin(endpoint.address), timeouts.answer, answer)
    client.meta.events.register_last(f"before-send.{endpoint.service}", guard.send)
    return client


class _Guard:
    """Sends requests to the endpoint and nowhere else, believes no redirect, and waits so long.

    An answer to HEAD has no body, whatever its status: its error page is empty, and botocore
    then gives the status as the error's code.
    """

    __slots__ = ("_asking", "_most", "_origin", "_seconds", "_session")

    def __init__(
        self, client: Any, origin: tuple[str, str, int | None], seconds: float, most: int
    ) -> None:
        # The only way to an answer before botocore has read all of it.
        self._session = client._endpoint.http_session
        self._origin = origin
        self._seconds = seconds
        self._most = most
        self._asking = local()
        _cover(self._session, lambda: self._asking.deadline)

    def send(self, request: Any, **_: Any) -> Any:
        if _origin(request.url) != self._origin:
            raise StrayRequestError
        streamed, request.stream_output = request.stream_output, True
        deadline = self._asking.deadline = Deadline(self._seconds)
        try:
            answer = self._session.send(request)
            answer.raw = body = AnswerBody(answer.raw, deadline)
            if streamed and answer.status_code < 300:
                return answer
            with closing(body):
                if 300 <= answer.status_code < 400:
                    raise RedirectError
                answer.raw = _Page(b"".join(_pieces(body, self._most)))
        except BaseException as error:
            deadline.close()
            if deadline.passed:
                raise SlowAnswerError from error
            raise
        return answer


def _cover(session: Any, deadline: Callable[[], Deadline]) -> None:
    """Has the deadline cover each connection of botocore's that is made or used again for it."""

    def covered(kind: Any) -> Any:
        class Connection(kind):  # type: ignore[misc]
            def _new_conn(self) -> socket:
                line: socket = super()._new_conn()
                deadline().cover(line)
                return line

            def request(self, *args: Any, **settings: Any) -> Any:
                if self.sock is not None:
                    deadline().cover(self.sock)
                return super().request(*args, **settings)

        return Connection

    pools = session._pool_classes_by_scheme
    for scheme, pool in pools.items():
        settings = {"ConnectionCls": covered(pool.ConnectionCls)}
        pools[scheme] = type(pool.__name__, (pool,), settings)


@dataclass(frozen=True, slots=True)
class AnswerBody:
    """What is still to come of an answer, which is cut when its time is over."""

    raw: Any
    deadline: Deadline

    def read1(self, size: int) -> bytes:
        """What is there next, of `size` bytes at most; raises `SlowAnswerError`."""
        try:
            piece: bytes = self.raw.read1(size)
        except Exception as error:
            if self.deadline.passed:
                raise SlowAnswerError from error
            raise
        # what is cut ends early
        if self.deadline.passed:
            raise SlowAnswerError
        return piece

    def close(self) -> None:
        """Nothing of it is wanted any more."""
        self.deadline.close()
        self.raw.close()


@dataclass(frozen=True, slots=True)
class _Page:
    """The start of an answer, in the form that botocore reads; empty for an answer to HEAD."""

    content: bytes

    def stream(self) -> Iterator[bytes]:
        yield self.content


def received(body: AnswerBody, limit: int, pace: Pace) -> Iterator[bytes]:
    """At most `limit` bytes of a stream, piece by piece, whatever it says about its length.

    Raises `SlowAnswerError` when it takes longer than `pace` allows.
    """
    start = time.monotonic()
    count = 0
    body.deadline.put_off(start + pace.seconds)
    for piece in _pieces(body, limit):
        yield piece
        count += len(piece)
        body.deadline.put_off(start + pace.seconds + count / pace.rate)


def _pieces(body: AnswerBody, limit: int) -> Iterator[bytes]:
    # read1, because read would wait for a full chunk from a server that sends byte by byte.
    while limit > 0 and (piece := body.read1(min(_CHUNK, limit))):
        yield piece
        limit -= len(piece)


def is_of_credentials(code: str) -> bool:
    """Whether this program is set up wrongly: such an error says nothing about what was asked."""
    return code.removesuffix("Exception") in _CREDENTIAL_ERRORS


def _check_address(address: str, name: str) -> None:
    """Refuses anything but a plain address, without repeating a password that it may hold."""
    wrong = InputError(f"the {name} endpoint is not an address like https://host:9000")
    try:
        parts = urlsplit(address)
        _origin(address)
    except ValueError as error:
        raise wrong from error
    extra = parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or extra:
        raise wrong


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port
