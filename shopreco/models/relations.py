"""The relations that every shop begins with; their rows may be changed in admin."""

from __future__ import annotations

from typing import NamedTuple

from shopreco.models.graph import Meaning


class DefaultRelation(NamedTuple):
    """The fields of a `RelationType` with which its row is made."""

    code: str
    meaning: str
    label: str
    inverse_label: str = ""
    label_zh: str = ""
    inverse_label_zh: str = ""
    symmetric: bool = False
    in_texts: bool = False
    weight: float = 1.0


def _attribute(code: str, label: str, label_zh: str, *, in_texts: bool) -> DefaultRelation:
    return DefaultRelation(
        code=code,
        meaning=Meaning.ATTRIBUTE,
        label=label,
        inverse_label=f"{label} of",
        label_zh=label_zh,
        inverse_label_zh=f"{label_zh}为此的商品",
        in_texts=in_texts,
    )


DEFAULT_RELATIONS = (
    _attribute("has_brand", "brand", "品牌", in_texts=False),
    DefaultRelation(
        "in_category", Meaning.ATTRIBUTE, "category", "contains", "类别", "类别中的商品"
    ),
    DefaultRelation(
        "subcategory_of", Meaning.ATTRIBUTE, "part of", "divided into", "上级类别", "下级类别"
    ),
    DefaultRelation(
        "belongs_to", Meaning.ATTRIBUTE, "belongs to", "includes", "所属系列", "系列中的商品"
    ),
    _attribute("has_material", "material", "材质", in_texts=True),
    _attribute("has_colour", "colour", "颜色", in_texts=True),
    _attribute("has_color", "color", "颜色", in_texts=True),
    _attribute("has_pattern", "pattern", "图案", in_texts=True),
    _attribute("has_style", "style", "风格", in_texts=True),
    _attribute("has_finish", "finish", "表面处理", in_texts=True),
    _attribute("has_shape", "shape", "形状", in_texts=True),
    # Large and small are said of many things besides the product.
    _attribute("has_size", "size", "尺寸", in_texts=False),
    DefaultRelation("variant_of", Meaning.SAME, "variant of", "has variant", "主商品", "其他款式"),
    DefaultRelation("complements", Meaning.COMPLEMENT, "goes with", "", "搭配", symmetric=True),
    DefaultRelation("substitutes", Meaning.SUBSTITUTE, "can replace", "", "可替代", symmetric=True),
    DefaultRelation(
        "accessory_of", Meaning.MAIN, "accessory of", "has accessory", "适用于", "配件"
    ),
    DefaultRelation(
        "has_accessory", Meaning.ACCESSORY, "has accessory", "accessory of", "配件", "适用于"
    ),
    DefaultRelation(
        "bought_together",
        Meaning.COMPLEMENT,
        "bought together with",
        "",
        "一起购买",
        symmetric=True,
    ),
    # What crowds do is weaker evidence than what a shop says, or a basket.
    DefaultRelation(
        "also_bought", Meaning.COMPLEMENT, "buyers also bought", "", "买家还买了", weight=0.6
    ),
    DefaultRelation(
        "also_viewed", Meaning.SUBSTITUTE, "viewers also viewed", "", "浏览者还看了", weight=0.6
    ),
)
