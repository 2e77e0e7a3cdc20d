"""${message}

Revision ID: ${up_revision}
Revises: ${(down_revision or "nothing") | comma,n}
Create Date: ${create_date}
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision: str = ${repr(up_revision)}
down_revision: str | Sequence[str] | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}

# What is lost when this is applied; an upgrade that loses something has to be allowed.
destructive: Sequence[str] = ${destructive.get(up_revision, "()") if destructive else "()"}
# The tables that this makes: a later revision may drop them, and leaves all others alone.
creates: Sequence[str] = ${creates.get(up_revision, "()") if creates else "()"}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
