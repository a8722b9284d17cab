"""Contexts for use cases, over engines that are loaded already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from decoding import DECODERS
from reknown.api.gateway import Gateway, Outgoing
from reknown.api.metrics import Metrics
from reknown.api.page_tokens import PageTokens
from reknown.gallery.cache import IndexCache
from reknown.gallery.faces import list_faces
from reknown.gallery.users import list_users
from reknown.ledger import log
from reknown.objects.allow import NoObjects
from reknown.runtime.log import json_log
from reknown.services.context import Actor, Context, Platform
from reknown.services.executor import LocalExecutor
from reknown.storage.database import reading
from reknown.vision.engines import Engines

if TYPE_CHECKING:
    from reknown.access.vault import Vault
    from reknown.api.gateway import Incoming
    from reknown.biometrics.calibration import Calibration
    from reknown.biometrics.records import FaceRecord
    from reknown.biometrics.templates import TemplateSpace
    from reknown.ledger.log import Event
    from reknown.objects.base import ObjectReader
    from reknown.services.executor import Executor
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine
    from reknown.vision.engines import PackSource
    from reknown.vision.packs.store import PackSummary
    from reknown.vision.text.reader import TextReader

ACTOR = Actor("tester")


@dataclass(frozen=True)
class GivenPacks:
    """Packs whose engines are given."""

    engines: dict[str, Engine]
    reader: TextReader | None = None

    def load(self, pack: str) -> Engine:
        return self.engines[pack]

    def load_reader(self, pack: str) -> TextReader:
        assert self.reader is not None
        return self.reader

    def space(self, pack: str) -> TemplateSpace:
        return self.engines[pack].space

    def calibration_mark(self, pack: str) -> object:
        return self.calibration(pack)

    def calibration(self, pack: str) -> Calibration | None:
        return self.engines[pack].calibration

    def digests(self, pack: str) -> dict[str, str]:
        return {"embedder": self.engines[pack].space.fingerprint}

    def summaries(self) -> list[PackSummary]:
        raise NotImplementedError


def make_context(
    database: Database,
    *engines: Engine,
    executor: Executor | None = None,
    objects: ObjectReader | None = None,
    actor: Actor = ACTOR,
    packs: PackSource | None = None,
    reader: TextReader | None = None,
) -> Context:
    """A context over these engines, the first of which is the default one."""
    given = GivenPacks({engine.space.pack: engine for engine in engines}, reader)
    used = Engines(packs or given, engines[0].space.pack if engines else "opencv")
    platform = Platform(
        database=database,
        engines=used,
        executor=executor or LocalExecutor(used, DECODERS, Path("cache"), Path("packs")),
        indexes=IndexCache(2**20),
        objects=objects or NoObjects(),
    )
    return Context(platform, actor)


def make_gateway(context: Context, vault: Vault) -> Gateway:
    """What answers requests, without a server around it."""
    return Gateway(
        platform=context.platform,
        vault=vault,
        page_tokens=PageTokens(vault.derive("page tokens")),
        metrics=Metrics(),
        log=json_log(),
    )


def answered(gateway: Gateway, incoming: Incoming, body: bytes) -> Outgoing:
    """What comes of a request for which nobody else's has to wait."""
    admitted = gateway.admit(incoming, body)
    return admitted if isinstance(admitted, Outgoing) else gateway.answer(admitted)


def events(context: Context, operation: str | None = None) -> list[Event]:
    """The ledger so far, oldest first."""
    with reading(context.database) as connection:
        return log.read(connection, log.Choice(operation=operation), limit=10_000)


def faces(
    context: Context, collection: str = "people", user: str | None = None
) -> list[FaceRecord]:
    """The faces stored, without a trace in the ledger."""
    with reading(context.database) as connection:
        return list(list_faces(connection, collection, user=user).items)


def user_names(context: Context, collection: str = "people") -> list[str]:
    """The users stored."""
    with reading(context.database) as connection:
        return [user.name for user in list_users(connection, collection).items]
