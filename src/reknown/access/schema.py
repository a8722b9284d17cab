"""The tables of access keys, accounts and sign-ins; the migrations create them.

`key_uses` has a row for each process that limits keys: what they use of it at its count `beat`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData()

access_keys = Table(
    "access_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("rights", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text),
    Column("purpose", Text),
)

key_uses = Table(
    "key_uses",
    metadata,
    Column("process", Text, primary_key=True),
    Column("beat", BigInteger, nullable=False),
    Column("uses", Text, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("collections", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("code_secret", LargeBinary),
    Column("code_step", BigInteger, nullable=False, server_default=text("0")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("blocked_until", Text),
    Column("created_at", Text, nullable=False),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("account", Text, ForeignKey("accounts.name", ondelete="CASCADE"), index=True),
    Column("key_id", Text, ForeignKey("access_keys.key_id", ondelete="CASCADE"), index=True),
    Column("link", Integer, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)
