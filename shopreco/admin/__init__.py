"""Items, spaces, runs, the graph, placements, visitors, the search console, in the host's admin.

They are registered with the default admin site. A shop with a site of its own adds them there:

    from shopreco.admin import register
    register(my_site)

`IndexStateAdminMixin` goes into the shop's own ModelAdmin. An app adds a page by `admin_tabs`.
"""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy

from shopreco.admin.behaviour import readiness
from shopreco.admin.behaviour.visitors import VisitorAdmin
from shopreco.admin.graph.edges import EdgeAdmin
from shopreco.admin.graph.nodes import NodeAdmin
from shopreco.admin.graph.relations import RelationTypeAdmin
from shopreco.admin.index import console
from shopreco.admin.index.items import ItemAdmin
from shopreco.admin.index.placements import PlacementAdmin
from shopreco.admin.index.runs import RunAdmin
from shopreco.admin.index.spaces import EmbeddingSpaceAdmin
from shopreco.admin.mixins import IndexStateAdminMixin
from shopreco.admin.tabs import AdminTab, admin_tabs
from shopreco.models import (
    Edge,
    EmbeddingSpace,
    Item,
    Node,
    Placement,
    RelationType,
    Run,
    Visitor,
)

__all__ = ["AdminTab", "IndexStateAdminMixin", "admin_tabs", "register"]

for _name, _tab in {
    "items": AdminTab(Item, position=10),
    "runs": AdminTab(Run, position=20),
    "spaces": AdminTab(EmbeddingSpace, position=30),
    "nodes": AdminTab(Node, position=40),
    "edges": AdminTab(Edge, position=50),
    "relations": AdminTab(RelationType, position=60),
    "placements": AdminTab(Placement, position=70),
    "visitors": AdminTab(Visitor, position=75),
    "readiness": AdminTab(Visitor, gettext_lazy("Data readiness"), readiness.view, position=77),
    "console": AdminTab(Item, gettext_lazy("Search console"), console.view, position=80),
}.items():
    admin_tabs.register(_name, _tab)


def register(site: admin.AdminSite) -> None:
    """Add the pages of shopreco to an admin site, and the index's state to its front page, unless
    the site has a template of its own for that."""
    site.index_template = site.index_template or "admin/shopreco/index.html"
    site.register(Item, ItemAdmin)
    site.register(EmbeddingSpace, EmbeddingSpaceAdmin)
    site.register(Run, RunAdmin)
    site.register(Node, NodeAdmin)
    site.register(Edge, EdgeAdmin)
    site.register(RelationType, RelationTypeAdmin)
    site.register(Placement, PlacementAdmin)
    site.register(Visitor, VisitorAdmin)


register(admin.site)
