"""Image encoders to ask, models without training, and pictures to encode."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

ENCODERS = ["efficientnet", "tiles", "clip", "siglip"]

UNTRAINED = ["clip", "siglip"]


def build_model(folder: Path, kind: str) -> Path:
    """A CLIP or SigLIP of random weights, with a tokeniser of letters and an image processor."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import (
        CLIPConfig,
        CLIPImageProcessorPil,
        CLIPModel,
        PreTrainedTokenizerFast,
        SiglipConfig,
        SiglipImageProcessorPil,
        SiglipModel,
    )

    special = ["<pad>", "<unk>", "<s>", "</s>"]
    letters = [chr(code) for code in range(ord("!"), ord("~") + 1)]
    pieces = [*special, *letters, *(f"##{letter}" for letter in letters)]
    tokenizer = Tokenizer(
        models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="<unk>")
    )
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        model_max_length=16,
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(folder)
    tower = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }  # fmt: skip
    text = tower | {
        "vocab_size": len(pieces), "max_position_embeddings": 16, "pad_token_id": 0,
        "bos_token_id": 2, "eos_token_id": 3,
    }  # fmt: skip
    vision = tower | {"image_size": 32, "patch_size": 8}
    torch.manual_seed(1)
    if kind == "clip":
        config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=24)
        CLIPModel(config).save_pretrained(folder)
        size = {"height": 32, "width": 32}
        CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=size).save_pretrained(folder)
    else:
        SiglipModel(SiglipConfig(text_config=text, vision_config=vision)).save_pretrained(folder)
        SiglipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def drawn(shape: str, colour: str, size: tuple[int, int] = (120, 120)) -> Image.Image:
    """A product in the middle of a white picture."""
    image = Image.new("RGB", size, "white")
    box = (size[0] * 0.2, size[1] * 0.2, size[0] * 0.8, size[1] * 0.8)
    getattr(ImageDraw.Draw(image), shape)(box, fill=colour)
    return image


PHOTOS = [
    drawn("ellipse", "#c02020"),
    drawn("rectangle", "#2030c0", (300, 40)),
    drawn("ellipse", "black", (37, 512)),
    Image.linear_gradient("L").convert("RGB"),
    Image.effect_noise((200, 140), 90).convert("RGB"),
    Image.new("RGB", (1, 1)),
]
