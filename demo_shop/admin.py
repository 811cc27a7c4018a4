from __future__ import annotations

from django.contrib import admin
from django.db import models

from demo_shop.models import Brand, Category, Product, ProductRelation, Word
from shopreco.admin import IndexStateAdminMixin


class VariantInline(admin.TabularInline):
    model = Product
    fk_name = "parent"
    fields = ("sku", "title", "attributes", "price", "stock", "active")
    show_change_link = True
    extra = 0


class RelationInline(admin.TabularInline):
    model = ProductRelation
    fk_name = "source"
    autocomplete_fields = ("target",)
    extra = 0


@admin.register(Product)
class ProductAdmin(IndexStateAdminMixin, admin.ModelAdmin):
    list_display = ("title", "sku", "brand", "price", "currency", "stock", "active")
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_filter = ("active", "categories", "currency")
    list_select_related = ("brand",)
    search_fields = ("title", "title_zh", "sku", "ean")
    autocomplete_fields = ("brand", "parent", "categories")
    prepopulated_fields = {"slug": ("title",)}
    readonly_fields = ("created", "updated")
    inlines = (VariantInline, RelationInline)
    show_full_result_count = False


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ("path", "name_zh", "position")
    search_fields = ("path", "name_zh")
    autocomplete_fields = ("parent",)


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin):
    list_display = ("name", "name_zh")
    search_fields = ("name", "name_zh")


@admin.register(Word)
class WordAdmin(admin.ModelAdmin):
    list_display = ("word", "english", "chinese")
    search_fields = ("word", "english", "chinese")
