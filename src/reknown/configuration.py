"""Every option of the configuration: its type, range, unit, default and meaning.

The command line is made of this, so it imports nothing that takes long.
"""

from __future__ import annotations

import os
import pwd
import re
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import InputError
from reknown.biometrics.policy import require_approval, require_purpose
from reknown.ledger.actor import Actor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONFIG = "REKNOWN_CONFIG"
DEFAULT_PACK = "opencv"
DEFAULT_REGION = "us-east-1"
DEFAULT_COLLECTION = "people"
MASTER_KEY, WEBHOOK_SECRET = "REKNOWN_MASTER_KEY", "REKNOWN_WEBHOOK_SECRET"
MQTT_USER, MQTT_PASSWORD = "REKNOWN_MQTT_USER", "REKNOWN_MQTT_PASSWORD"
DATABASE_PASSWORD = "REKNOWN_DATABASE_PASSWORD"  # noqa: S105 - its name
KEYRING_PASSWORD = "REKNOWN_KEYRING_PASSWORD"  # noqa: S105 - its name
BACKUP_PASSPHRASE = "REKNOWN_BACKUP_PASSPHRASE"  # noqa: S105 - its name
# After user and colon, up to the last @ as the password may hold others; or one in the query.
_SECRET_PART = re.compile(r"(?i)(^[a-z+]*://[^:@/?]*:).+(?=@)|([?&][a-z]*password=)[^&]*")
# Read from the environment alone, and never shown.
SECRETS = {
    MASTER_KEY: "Seals secrets and the keys of templates, for every command: 32 bytes in base64. "
    "Default: that in `master_key_file`, else in `master.key` of the data folder.",
    DATABASE_PASSWORD: "For `database`. Default: what libpq finds, such as ~/.pgpass.",
    KEYRING_PASSWORD: "For `keyring`, where that is a database. Default: likewise.",
    WEBHOOK_SECRET: "Signs what is posted to `webhook` and `events_webhook`: `whsec_` and 24 to 64 "
    "bytes in base64.",
    MQTT_USER: "Who signs in to the broker of `mqtt`. Default: nobody, if the broker allows that.",
    MQTT_PASSWORD: "The password of that user.",
    BACKUP_PASSPHRASE: "Seals the master key in backups: 12 characters or more.",
}


class DatabaseUrl(str):
    """The address of a database on a server, as libpq takes it; `repr` and `shown` hide secrets."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(self.shown)

    @property
    def has_secret(self) -> bool:
        """Whether a password is in it."""
        return bool(_SECRET_PART.search(self))

    @property
    def shown(self) -> str:
        """For people: with asterisks for what is in the place of a password."""
        return _SECRET_PART.sub(r"\1\2***", self)


class FolderOrUrl:
    """The kind of an option that takes a folder or the address of a database on a server."""


# What Debian calls a home that is none: whoever uses it is told to choose another folder.
_TOPIC = re.compile(r"[^+#\x00-\x1f\x7f-\x9f\ud800-\udfff]{0,500}")
_NOWHERE = Path("/nonexistent/reknown")


@dataclass(frozen=True, slots=True)
class About:
    """What an option means, what stands for its value in help, its unit, and its bounds.

    `otherwise` says what holds where the option is not set, if the default does not by itself.
    """

    meaning: str
    metavar: str | None = None
    unit: str = ""
    otherwise: str = ""
    least: int | None = None
    most: int | None = None


def _option(default: Any, meaning: str, metavar: str | None = None, **about: Any) -> Any:
    """A field with this default, or with what it returns where it can be called."""
    metadata = {"about": About(meaning, metavar, **about)}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def _user_data() -> Path:
    return _folder_of_user("data")


def _user_cache() -> Path:
    return _folder_of_user("cache")


def user_folder() -> Path:
    """Where the user keeps what configures Reknown."""
    return _folder_of_user("config")


def _folder_of_user(kind: str) -> Path:
    import platformdirs  # noqa: PLC0415 - help needs no folder

    try:
        found: Path = getattr(platformdirs, f"user_{kind}_path")("reknown")
    except RuntimeError:  # nobody that the system knows, as in a container
        return _NOWHERE
    return found


def _check_networks(names: tuple[str, ...]) -> None:
    from ipaddress import ip_network  # noqa: PLC0415 - most name none

    try:
        for name in names:
            ip_network(name)
    except ValueError as error:
        raise InputError(
            f"--trusted-proxy: {error}: give an address or a network, such as 10.0.0.0/8"
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """`reknown serve`."""

    host: str = _option(
        "127.0.0.1", "Address to listen on; 0.0.0.0 lets other machines in.", "ADDRESS"
    )
    port: int = _option(8080, "Port to listen on; 0 picks a free one.", least=0, most=65535)
    processes: int = _option(
        1,
        "Processes that share the port; each has models and indexes of its own.",
        least=1,
        most=64,
    )
    workers: int | None = _option(
        None,
        "Images that a process works on at once.",
        otherwise="one per core, shared out among the processes",
        least=1,
    )
    queue: int = _option(128, "Requests that may wait; more are told to slow down.", least=0)
    key_requests: int | None = _option(
        None,
        "Requests that one access key may have in progress and waiting.",
        otherwise="all there is room for, until another key needs it",
        least=1,
    )
    key_share: int = _option(
        100,
        "Share of the server's time that one access key may take up within about ten seconds; "
        "more is told to slow down. At 100 keys only take turns.",
        unit="percent",
        least=1,
        most=100,
    )
    trusted_proxy: tuple[str, ...] = _option(
        (),
        "Believe X-Forwarded-For and X-Forwarded-Proto from this address or network, such as "
        "127.0.0.1 or 10.0.0.0/8.",
        "ADDRESS",
        otherwise="nobody",
    )
    template_memory: int = _option(
        2048,
        "Memory for the indexes of the collections searched last: about 160 bytes a face.",
        unit="MiB",
        least=1,
    )
    warm: str = _option(
        "beside",
        "When to open the indexes of the largest collections, as many as fit into memory: first, "
        "before /ready says so; beside requests after the start; or never, before somebody "
        "searches them.",
        "first|beside|never",
    )
    model_memory: int = _option(
        4096, "Memory for model packs; the least recently used go first.", unit="MiB", least=1
    )
    model_idle_seconds: float = _option(
        600, "After so long without use, a model pack is unloaded.", unit="seconds", least=1
    )
    video_workers: int = _option(
        1,
        "Videos processed at once, each by a worker process of its own; 0 leaves them to "
        "`reknown worker`. Needs --buckets, --s3-endpoint or --uploads, and reknown[video].",
        least=0,
    )
    celebrities: str | None = _option(
        None,
        "Gallery whose people RecognizeCelebrities and its companions know.",
        "COLLECTION",
        otherwise="these operations are refused",
    )
    unmeasured_attributes: str = _option(
        "omit",
        "What to answer about ages, genders and other attributes that nothing measures: omit "
        "them, or be neutral, which fills them in with confidence 0 for programs that expect them.",
        "omit|neutral",
    )
    local_commands: bool = _option(
        True,
        "Find faces for commands of this user on the same data folder too, which then need not "
        "load models themselves: over the socket serve.sock there. With false, commands do not "
        "ask for it either.",
    )
    evaluation_folder: tuple[str, ...] = _option(
        (),
        "Let people evaluate on the pictures in this folder in the console, which has a folder "
        "for each person, or on those that a CSV of theirs names in it.",
        "DIR",
        otherwise="no evaluations in the console",
    )
    backup_folder: Path | None = _option(
        None,
        "Let operators make backups in the console, in this folder, which is not in the data "
        "folder. Needs a passphrase: --backup-passphrase-file, or "
        f"{BACKUP_PASSPHRASE} in the environment.",
        "DIR",
        otherwise="backups are made by command",
    )
    backup_passphrase_file: Path | None = _option(
        None, "Take the passphrase of these backups from this file's first line.", "FILE"
    )
    languages: Path | None = _option(
        None,
        "Speak the languages in the console whose catalogs are here, as "
        "LANGUAGE/LC_MESSAGES/console.mo, to browsers that ask for them.",
        "DIR",
        otherwise="English alone",
    )
    tls_certificate: Path | None = _option(None, "Serve HTTPS with this certificate chain.", "PEM")
    tls_key: Path | None = _option(None, "Private key of that certificate.", "PEM")

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise InputError("HTTPS needs both --tls-certificate and --tls-key")
        if self.unmeasured_attributes not in {"omit", "neutral"}:
            raise InputError("--unmeasured-attributes is omit or neutral")
        if self.warm not in {"first", "beside", "never"}:
            raise InputError("--warm is first, beside or never")
        if self.trusted_proxy:
            _check_networks(self.trusted_proxy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """Where stored images and videos are read from, and records of stream processors written."""

    buckets: Path | None = _option(
        None, "Read S3Object images and videos from DIR/bucket/key.", "DIR"
    )
    s3_endpoint: str | None = _option(
        None,
        "Read S3Object images and videos from this S3-compatible store, with the credentials "
        "that AWS clients on this machine find.",
        "URL",
    )
    s3_region: str = _option(DEFAULT_REGION, "Region of that store.", "NAME")
    allow_bucket: tuple[str, ...] = _option(
        (), "Read from these buckets only.", "NAME", otherwise="any bucket"
    )
    record_bucket: tuple[str, ...] = _option(
        (),
        "Write records of stream processors into these buckets of that place, where their callers "
        "name one.",
        "NAME",
        otherwise="nothing is written",
    )
    uploads: Path | None = _option(
        None,
        "Take films and photos that people upload in the console: films are kept in this folder "
        "until they have been searched, what is added to an archive until its collection is "
        "deleted. Servers and workers of one database need the same folder.",
        "DIR",
        otherwise="none are taken",
    )
    upload_limit: int = _option(10240, "The most of one upload.", unit="MiB", least=1)
    upload_reserve: int = _option(
        1024, "Uploads leave so much of the disk free.", unit="MiB", least=0
    )

    def __post_init__(self) -> None:
        if self.buckets and self.s3_endpoint:
            raise InputError("objects come from --buckets or from --s3-endpoint, not from both")
        if self.allow_bucket and not self.exist:
            raise InputError("--allow-bucket needs --buckets or --s3-endpoint")
        if self.record_bucket and not self.exist:
            raise InputError("--record-bucket needs --buckets or --s3-endpoint")

    @property
    def exist(self) -> bool:
        """Whether there is a place to read from."""
        return bool(self.buckets or self.s3_endpoint)

    @property
    def have_videos(self) -> bool:
        """Whether videos may come from anywhere."""
        return self.exist or self.uploads is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Where to send notices when a video job ends, and records of those who are seen."""

    sns_endpoint: str | None = _option(
        None,
        "Publish to the topics that callers name at this SNS-compatible endpoint, with the "
        "credentials that AWS clients on this machine find.",
        "URL",
    )
    sns_region: str = _option(DEFAULT_REGION, "Region of that endpoint.", "NAME")
    kinesis_endpoint: str | None = _option(
        None,
        "Put records of stream processors into the data streams that callers name at this "
        "Kinesis-compatible endpoint, with the credentials that AWS clients on this machine find.",
        "URL",
    )
    kinesis_region: str = _option(DEFAULT_REGION, "Region of that endpoint.", "NAME")
    webhook: str | None = _option(
        None, f"Post to this address when any video job ends, signed with {WEBHOOK_SECRET}.", "URL"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Whom to tell what happens before cameras, and how long that is kept."""

    events_days: int = _option(
        30, "Keep what happened before cameras for so long.", unit="days", least=1, most=36500
    )
    events_webhook: str | None = _option(
        None, f"Post every live event to this address, signed with {WEBHOOK_SECRET}.", "URL"
    )
    events_topic: str | None = _option(
        None, "Publish every live event to this SNS topic at --sns-endpoint.", "ARN"
    )
    mqtt: str | None = _option(
        None,
        "Publish every live event to this MQTT broker: mqtt://HOST or mqtts://HOST, with a port "
        f"where it is not the usual one; {MQTT_USER} and {MQTT_PASSWORD} sign in. Needs "
        "reknown[mqtt].",
        "URL",
    )
    mqtt_ca: Path | None = _option(
        None,
        "Trust a broker at mqtts:// whose certificate these authorities have signed.",
        "PEM",
        otherwise="those that the system trusts",
    )
    mqtt_topic: str = _option(
        "reknown", "What the topics at that broker begin with: PREFIX/WATCH/events.", "PREFIX"
    )
    home_assistant: str | None = _option(
        None,
        "Let Home Assistant discover who is before each camera, below this topic of the broker; "
        "its own default is homeassistant.",
        "PREFIX",
        otherwise="it discovers nothing",
    )

    def __post_init__(self) -> None:
        if self.home_assistant and not self.mqtt:
            raise InputError("--home-assistant needs --mqtt")
        if self.mqtt_ca and (self.mqtt or "mqtt:").startswith("mqtt:"):
            raise InputError("--mqtt-ca needs --mqtt with an address like mqtts://HOST")
        for option, topic in (
            ("--mqtt-topic", self.mqtt_topic),
            ("--home-assistant", self.home_assistant or ""),
        ):
            if not _TOPIC.fullmatch(topic):
                raise InputError(
                    f"{option} is what topics begin with, such as house/cameras: 500 characters "
                    "at most, without +, # and control characters"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """`reknown worker`, and the workers that `reknown serve` starts."""

    lease_seconds: float = _option(
        30,
        "After so long without a sign of life, another worker takes a job over.",
        unit="seconds",
        least=1,
        most=86400,
    )
    streams: int = _option(
        0,
        "Watch so many of the cameras at once that somebody has started a watch of: see "
        "`reknown watches`. Needs --cameras.",
        least=0,
        most=1000,
    )
    cameras: Path | None = _option(
        None,
        "File with the addresses, users and passwords of the cameras that may be watched; only "
        "its owner may read it. See docs/how-to/cameras.md.",
        "FILE",
        otherwise="there are no cameras",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """`scan`, `enroll`, `collections upgrade` and `evaluate`, which look at many images."""

    cluster: str | None = _option(
        None,
        "Have the workers of this Dask cluster look at the images: tcp://HOST:PORT or "
        "tls://HOST:PORT of its scheduler, or local:N for N processes here. Needs "
        "reknown[cluster].",
        "ADDRESS",
        otherwise="threads of the command",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """What has to be said before anything is searched; see docs/how-to/policy.md."""

    governed: bool = _option(
        False,
        "Make and search only collections whose policies say purposes, legal basis, how long "
        "everything is kept, and which thresholds are allowed.",
    )
    purpose: str | None = _option(
        None,
        "What the searches of commands are for where they do not say so with --purpose, such as "
        "missing-person. Requests to the server have purposes of their own.",
        "code",
        otherwise="none is stated",
    )
    approval: str | None = _option(
        None,
        "Approval under which commands search on where a policy says that it was enough, as "
        "--approval does. Requests to the server name their own.",
        "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
        otherwise="none",
    )

    def __post_init__(self) -> None:
        if self.approval is not None:
            require_approval("--approval", self.approval)
        if self.purpose is not None:
            require_purpose("--purpose", self.purpose)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every command."""

    data: Path = _option(
        _user_data, "Folder with the galleries.", "DIR", otherwise="the user's data folder"
    )
    database: DatabaseUrl | None = _option(
        None,
        "Keep galleries and all else in this PostgreSQL database, which many servers may share; "
        f"the password comes from {DATABASE_PASSWORD} or ~/.pgpass.",
        "postgresql://USER@HOST/NAME",
        otherwise="SQLite, in the data folder",
    )
    database_connections: int = _option(
        20, "Connections to a PostgreSQL database that one process may have.", least=2
    )
    master_key_file: Path | None = _option(
        None,
        "File with the master key, such as a mounted secret; every server of a database needs "
        "the same.",
        "FILE",
        otherwise="master.key in the data folder",
    )
    keyring: Path | DatabaseUrl | None = _option(
        None,
        "Keep the keys of templates in this folder or PostgreSQL database, apart from galleries: "
        "whoever gets at these has no keys. A password comes from "
        f"{KEYRING_PASSWORD} or ~/.pgpass.",
        "PLACE",
        otherwise="beside the galleries",
    )
    cache: Path = _option(
        _user_cache,
        "Folder for converted and downloaded models.",
        "DIR",
        otherwise="the user's cache folder",
    )
    packs: Path = _option(
        lambda: user_folder() / "packs",
        "Folder with further model pack manifests.",
        "DIR",
        otherwise="packs/ in the user's configuration folder",
    )
    pack: str = _option(DEFAULT_PACK, "Model pack to use where a collection has none yet.", "NAME")
    server: Server = Server()
    objects: Objects = Objects()
    notices: Notices = Notices()
    events: Events = Events()
    worker: Worker = Worker()
    bulk: Bulk = Bulk()
    policy: Governance = Governance()

    @property
    def actor(self) -> Actor:
        """Who the system says is acting, not what the environment claims."""
        number = os.getuid()
        try:
            name = pwd.getpwuid(number).pw_name
        except KeyError:
            name = str(number)
        return Actor(f"cli:{name}", purpose=self.policy.purpose, approval=self.policy.approval)


_KINDS: Mapping[str, type] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "Path": Path,
    "DatabaseUrl": DatabaseUrl,
    "Path | DatabaseUrl": FolderOrUrl,
    "tuple[str, ...]": tuple,
}
_EXPECTED = {
    int: "an integer",
    float: "a number",
    bool: "true or false",
    str: "a string",
    Path: "a path",
    DatabaseUrl: "an address such as postgresql://USER@HOST/NAME",
    FolderOrUrl: "a path, or an address such as postgresql://USER@HOST/NAME",
    tuple: "a list of names",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One option; `kind` is a key of `_EXPECTED`, where tuple is for a list of names."""

    section: str
    name: str
    kind: type
    about: About
    make_default: Callable[[], Any]

    @property
    def key(self) -> str:
        """Its name in `reknown.toml`: `server.port`."""
        return f"{self.section}.{self.name}".lstrip(".")

    @property
    def variable(self) -> str:
        """Its name in the environment: `REKNOWN_SERVER__PORT`."""
        return f"REKNOWN_{self.key.replace('.', '__')}".upper()

    @property
    def flag(self) -> str:
        """Its name on the command line: `--port`."""
        return "--" + self.name.replace("_", "-")

    @property
    def flags(self) -> str:
        """All its names there, with what says no: `--this/--no-this`."""
        return f"{self.flag}/--no-{self.flag[2:]}" if self.kind is bool else self.flag

    @property
    def expected(self) -> str:
        """Type, range and unit: `an integer from 0 to 65535`."""
        text, about = _EXPECTED[self.kind], self.about
        if about.most is not None:
            text += f" from {about.least} to {about.most}"
        elif about.least is not None:
            text += f" of at least {about.least}"
        return f"{text} ({about.unit})" if about.unit else text

    @property
    def default_text(self) -> str:
        """The built-in default on any machine, empty if there is none."""
        if self.about.otherwise:
            return self.about.otherwise
        default = self.make_default()
        if isinstance(default, bool):
            return str(default).lower()
        return "" if default is None else str(default)


def _described(section: str, each: Field[Any]) -> Option:
    kind = _KINDS[str(each.type).removesuffix(" | None")]
    factory = (lambda: each.default) if each.default_factory is MISSING else each.default_factory
    return Option(section, each.name, kind, each.metadata["about"], factory)


SECTIONS: dict[str, type[Any]] = {
    each.name: type(each.default) for each in fields(Settings) if not each.metadata
}
STRUCTS: dict[str, type[Any]] = {"": Settings, **SECTIONS}
OPTIONS = {
    option.key: option
    for section, struct in STRUCTS.items()
    for option in (_described(section, each) for each in fields(struct) if each.metadata)
}
