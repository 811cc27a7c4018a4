"""Items, spaces, runs, the knowledge graph and the search console, in the admin that the host has.

They are registered with the default admin site. A shop with a site of its own adds them there:

    from shopreco.admin import register
    register(my_site)

`IndexStateAdminMixin` goes into the shop's own ModelAdmin.
"""

from __future__ import annotations

from django.contrib import admin

from shopreco.admin.edges import EdgeAdmin
from shopreco.admin.items import ItemAdmin
from shopreco.admin.mixins import IndexStateAdminMixin
from shopreco.admin.nodes import NodeAdmin
from shopreco.admin.relations import RelationTypeAdmin
from shopreco.admin.runs import IndexRunAdmin
from shopreco.admin.spaces import EmbeddingSpaceAdmin
from shopreco.models import Edge, EmbeddingSpace, IndexRun, Item, Node, RelationType

__all__ = ["IndexStateAdminMixin", "register"]


def register(site: admin.AdminSite) -> None:
    """Add the pages of shopreco to an admin site, and the index's state to its front page, unless
    the site has a template of its own for that."""
    site.index_template = site.index_template or "admin/shopreco/index.html"
    site.register(Item, ItemAdmin)
    site.register(EmbeddingSpace, EmbeddingSpaceAdmin)
    site.register(IndexRun, IndexRunAdmin)
    site.register(Node, NodeAdmin)
    site.register(Edge, EdgeAdmin)
    site.register(RelationType, RelationTypeAdmin)


register(admin.site)
