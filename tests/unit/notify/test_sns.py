from __future__ import annotations

import json
import socket
import sys
from contextlib import closing
from itertools import repeat
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from moto_server import KEY_ID, SECRET, moto_server
from reknown.biometrics.errors import InputError, NotifyError, RefusedNotifyError
from reknown.notify.base import NotifyTimeouts
from reknown.notify.sns import SnsSender
from unit.notify.receivers import Receiver, receiving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reknown.notify.base import Sender

HASTY = NotifyTimeouts(connect=0.5, read=0.3, answer=0.6)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:AmazonRekognitionDone"
BODY = '{"JobId":"é1","Status":"SUCCEEDED"}'


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The address of a real server for SNS and SQS in this process."""
    with moto_server() as address:
        yield address


@pytest.fixture
def aws(moto: str) -> Iterator[Callable[[str], Any]]:
    """boto3's clients for that server."""
    session = boto3.session.Session(KEY_ID, SECRET, region_name="eu-west-1")
    clients = {name: session.client(name, endpoint_url=moto) for name in ("sns", "sqs")}
    yield clients.__getitem__
    for client in clients.values():
        client.close()


def sender(endpoint: str, timeouts: NotifyTimeouts = NotifyTimeouts()) -> SnsSender:
    return SnsSender(endpoint, "eu-west-1", KEY_ID, SECRET, timeouts)


def subscribed(aws: Callable[[str], Any], name: str, **attributes: str) -> tuple[str, str]:
    """A topic, and the queue that gets its messages."""
    topic = aws("sns").create_topic(Name=name, Attributes=attributes)["TopicArn"]
    queue = aws("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    told = aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told["Attributes"]["QueueArn"])
    return topic, queue


def messages(aws: Callable[[str], Any], queue: str) -> list[dict[str, Any]]:
    answer = aws("sqs").receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"]
    )
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


def fails(
    endpoint: str, topic: str = TOPIC, timeouts: NotifyTimeouts = NotifyTimeouts()
) -> NotifyError:
    """The error, which tells nothing private."""
    with closing(sender(endpoint, timeouts)) as sns, pytest.raises(NotifyError) as caught:
        sns.send(topic, BODY, "job-1")
    for private in (endpoint, SECRET, KEY_ID, topic):
        assert private not in str(caught.value)
    return caught.value


def test_a_message_goes_from_the_topic_to_a_queue(moto: str, aws: Callable[[str], Any]) -> None:
    topic, queue = subscribed(aws, "AmazonRekognitionDone")
    with closing(sender(moto)) as sns:
        same: Sender = sns
        same.send(topic, BODY, "job-1")
    [message] = messages(aws, queue)
    assert json.loads(message["Body"])["TopicArn"] == topic
    assert json.loads(message["Body"])["Message"] == BODY


def test_a_fifo_topic_can_tell_a_message_that_comes_twice(
    moto: str, aws: Callable[[str], Any]
) -> None:
    topic, queue = subscribed(aws, "done.fifo", FifoTopic="true")
    with closing(sender(moto)) as sns:
        sns.send(topic, BODY, "job-1")
        sns.send(topic, BODY, "job-2")
    found = messages(aws, queue)
    assert [json.loads(one["Body"])["Message"] for one in found] == [BODY, BODY]
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        assert [one["Attributes"][name] for one in found] == ["job-1", "job-2"]


def test_messages_of_one_group_are_one_for_a_fifo_topic(
    moto: str, aws: Callable[[str], Any]
) -> None:
    topic, queue = subscribed(aws, "live.fifo", FifoTopic="true")
    with closing(sender(moto)) as sns:
        for number, watch in enumerate(("the front door", "gate", "the front door")):
            sns.send(topic, f"{number}", f"live-{number}", group=watch)
    groups = {
        json.loads(one["Body"])["Message"]: one["Attributes"]["MessageGroupId"]
        for one in messages(aws, queue)
    }
    assert groups["0"] != groups["1"]
    assert groups["2"] == groups["0"]


def test_an_unknown_topic_is_not_tried_again(moto: str) -> None:
    error = fails(moto, "arn:aws:sns:eu-west-1:123456789012:nobody-made-this")
    assert isinstance(error, RefusedNotifyError)
    assert "404" in str(error)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "topic",
        "http://127.0.0.1:1/",
        "arn:aws:sqs:eu-west-1:123456789012:queue",
        "arn:aws:sns:eu-west-1:123456789012:",
        "arn:aws:sns:eu-west-1:123456789012:topic:subscription",
        "arn:aws:sns:eu-west-1:123456789012:topic\n",
        "arn:aws:sns:eu-west-1:123456789012:a b",
    ],
)
def test_what_is_no_topic_is_not_asked_for(receiver: Receiver, topic: str) -> None:
    with closing(sender(receiver.address)) as sns, pytest.raises(RefusedNotifyError):
        sns.send(topic, BODY, "job-1")
    assert receiver.asked == []


def test_a_topic_of_another_region_leads_to_no_other_host(receiver: Receiver) -> None:
    receiver.status = 404
    fails(receiver.address, "arn:aws:sns:us-gov-west-1:123456789012:evil.example")
    fails(receiver.address, TOPIC.replace("aws", "aws-cn"))
    fails(receiver.address, TOPIC.replace("eu-west-1", "127.0.0.1/x?"))
    assert [asked.line for asked in receiver.asked] == ["POST /"] * len(receiver.asked)
    assert len(receiver.asked) == 2


def test_an_endpoint_that_is_down_is_tried_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert type(fails(f"http://127.0.0.1:{port}")) is NotifyError


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    with receiving(Receiver()) as elsewhere:
        receiver.status = status
        receiver.headers["Location"] = f"{elsewhere.address}/x"
        fails(receiver.address)
    assert len(receiver.asked) == 1
    assert elsewhere.asked == []


def page(code: str) -> bytes:
    return (
        "<ErrorResponse><Error><Type>Sender</Type>"
        f"<Code>{code}</Code><Message>10.1.2.3</Message></Error></ErrorResponse>"
    ).encode()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "InvalidParameter", RefusedNotifyError),
        (403, "AuthorizationError", RefusedNotifyError),
        (404, "NotFound", RefusedNotifyError),
        (403, "InvalidClientTokenId", NotifyError),
        (403, "SignatureDoesNotMatch", NotifyError),
        (403, "ExpiredToken", NotifyError),
        (400, "Throttling", NotifyError),
        (400, "KMSThrottling", NotifyError),
        (429, "Throttled", NotifyError),
        (500, "InternalError", NotifyError),
        (503, "ServiceUnavailable", NotifyError),
    ],
)
def test_what_an_endpoint_answers(
    receiver: Receiver, status: int, code: str, error: type[NotifyError]
) -> None:
    receiver.status, receiver.headers, receiver.chunks = status, {}, [page(code)]
    caught = fails(receiver.address)
    assert type(caught) is error
    assert code in str(caught)
    assert "10.1.2.3" not in str(caught)
    assert len(receiver.asked) == 1


@pytest.mark.parametrize("status", [200, 404, 500])
def test_an_endless_answer_is_cut(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {}
    receiver.chunks = repeat(b"x" * 65536, 1000)
    fails(receiver.address)
    assert receiver.written < 16 * 2**20


def test_a_silent_endpoint_is_given_up(receiver: Receiver) -> None:
    receiver.raw, receiver.chunks = True, receiver.silent()
    assert type(fails(receiver.address, timeouts=HASTY)) is NotifyError


@pytest.mark.parametrize("status", [200, 404])
def test_an_answer_that_drips_is_given_up(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {}
    receiver.chunks = receiver.dripping(b"<")
    assert type(fails(receiver.address, timeouts=HASTY)) is NotifyError


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: "])
def test_headers_that_drip_are_given_up(receiver: Receiver, start: bytes) -> None:
    receiver.raw, receiver.chunks = True, receiver.dripping(start)
    assert "SlowAnswer" in str(fails(receiver.address, timeouts=HASTY))


def test_https_that_drips_is_given_up(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with receiving(Receiver(raw=True), certificate) as receiver:
        receiver.chunks = receiver.dripping(b"HTTP/1.1 200 OK\r\nX: ")
        assert "SlowAnswer" in str(fails(receiver.address, timeouts=HASTY))


def test_something_else_answers(receiver: Receiver) -> None:
    receiver.headers, receiver.chunks = {}, [b"<html>It works!</html>"]
    assert type(fails(receiver.address)) is NotifyError


def test_without_credentials_the_environment_counts(
    moto: str, aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = aws("sns").create_topic(Name="other")["TopicArn"]
    with closing(SnsSender(moto, "eu-west-1")) as sns:
        with pytest.raises(NotifyError, match="NoCredentialsError") as caught:
            sns.send(topic, BODY, "job-1")
        assert type(caught.value) is NotifyError
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", "http://192.0.2.1")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    with closing(SnsSender(moto, "eu-west-1")) as sns:
        sns.send(topic, BODY, "job-1")


@pytest.mark.parametrize("endpoint", ["", "host:9000", "ftp://h", "http://user:hidden@host"])
def test_endpoints_that_make_no_sense(endpoint: str) -> None:
    with pytest.raises(InputError, match="SNS endpoint") as caught:
        sender(endpoint)
    assert "hidden" not in str(caught.value)


def test_half_of_the_credentials_is_refused() -> None:
    with pytest.raises(InputError, match="both"):
        SnsSender("http://127.0.0.1:1", "eu-west-1", KEY_ID)


@pytest.mark.parametrize("module", ["boto3", "botocore.config"])
def test_without_boto3_the_message_says_what_to_install(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"SNS needs boto3: pip install 'reknown\[s3\]'"):
        sender("http://127.0.0.1:1")
