"""People who sign in to the console, and their sign-ins."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"


def upgrade() -> None:
    """Makes the two tables."""
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("collections", sa.Text, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("code_secret", sa.LargeBinary),
        sa.Column("code_step", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("blocked_until", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_table(
        "sign_ins",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("account", sa.Text, sa.ForeignKey("accounts.name", ondelete="CASCADE")),
        sa.Column("key_id", sa.Text, sa.ForeignKey("access_keys.key_id", ondelete="CASCADE")),
        sa.Column("link", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Text, nullable=False),
    )
    op.create_index("ix_sign_ins_account", "sign_ins", ["account"])
    op.create_index("ix_sign_ins_key_id", "sign_ins", ["key_id"])
