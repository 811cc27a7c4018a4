"""Who looks at the graph in the admin, and an edge to decide on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from shopreco.models import Edge, Provenance
from tests.helpers.graph_admin import (
    new_edge,
    node_of,
    value,
)


@pytest.fixture
def admin(admin_client: Client) -> Client:
    return admin_client


@pytest.fixture
def staff(client: Client) -> Callable[..., Client]:
    """`staff(*codenames)`: who may see everything of shopreco, and what is named besides."""

    def log_in(*codenames: str) -> Client:
        user = User.objects.create_user("viewer", is_staff=True)
        mine = Permission.objects.filter(content_type__app_label="shopreco")
        user.user_permissions.set(mine.filter(codename__startswith="view_"))
        user.user_permissions.add(*mine.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def found() -> Edge:
    """An edge that a text said, waiting for a decision."""
    steel = value("steel")
    brass_lamp = node_of("Brass desk lamp")
    return new_edge(brass_lamp, "has_material", steel, Provenance.EXTRACTED, weight=0.45)
