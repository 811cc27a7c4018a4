"""The user encoder: a transformer over what a visitor did last (torch).

SASRec (Kang & McAuley 2018) with the low-pass filter of BSARec (Shin et al. 2024), learned
embeddings of items with their frozen content vectors added (Wu et al. 2026), and full-softmax
cross-entropy at the last place of every prefix. Sequences of one batch have the same length, so
nothing is padded and nothing is masked but what comes later.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from shopreco.learning.settings import SequenceSettings


class LowPass(nn.Module):
    """Mixes slow and fast parts of a sequence: low + β² (x − low), β learned, (d,).

    Slow are the first `cutoff` frequencies of the sequence in a frame of `longest` places.
    """

    responses: Tensor

    def __init__(self, settings: SequenceSettings) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.randn(settings.dimension))
        # The filter is linear: what it makes of a single event at each place says everything.
        waves = torch.fft.rfft(torch.eye(settings.longest))
        waves[:, settings.cutoff :] = 0
        responses = torch.fft.irfft(waves, n=settings.longest).T.contiguous()
        self.register_buffer("responses", responses, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        low = self.responses[:length, :length] @ x
        mixed: Tensor = low + self.beta.square() * (x - low)
        return mixed


class Attention(nn.Module):
    """Each place attends to itself and what came before."""

    def __init__(self, settings: SequenceSettings) -> None:
        super().__init__()
        self.heads, self.dropout = settings.heads, settings.dropout
        self.inward = nn.Linear(settings.dimension, 3 * settings.dimension)
        self.outward = nn.Linear(settings.dimension, settings.dimension)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, dimension = x.shape
        split = self.inward(x).view(batch, length, 3, self.heads, dimension // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        attended = functional.scaled_dot_product_attention(
            query, key, value, dropout_p=dropout, is_causal=True
        )
        outward: Tensor = self.outward(attended.transpose(1, 2).reshape(x.shape))
        return outward


class Layer(nn.Module):
    """Filter and attention side by side, weighted; then a feed-forward network."""

    def __init__(self, settings: SequenceSettings) -> None:
        super().__init__()
        dimension = settings.dimension
        self.share = settings.low_pass
        self.filter, self.attention = LowPass(settings), Attention(settings)
        self.forward_network = nn.Sequential(
            nn.Linear(dimension, 4 * dimension), nn.GELU(), nn.Linear(4 * dimension, dimension)
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.norms = nn.ModuleList(nn.LayerNorm(dimension) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        filtered = self.norms[0](x + self.dropout(self.filter(x)))
        attended = self.norms[1](x + self.dropout(self.attention(x)))
        mixed = self.share * filtered + (1 - self.share) * attended
        y: Tensor = self.norms[2](mixed + self.dropout(self.forward_network(mixed)))
        return y


class SequenceEncoder(nn.Module):
    """Encodes the last items of visitors as vectors, and all items as vectors of the same space.

    contents: vectors of the items' content, frozen, (items, c). They are not among the weights.
    """

    contents: Tensor

    def __init__(self, contents: Tensor, settings: SequenceSettings) -> None:
        super().__init__()
        items, width = contents.shape
        self.settings = settings
        self.register_buffer("contents", contents, persistent=False)
        self.own = nn.Embedding(items, settings.dimension)
        self.projection = nn.Linear(width, settings.dimension, bias=False)
        self.places = nn.Embedding(settings.longest, settings.dimension)
        self.dropout = nn.Dropout(settings.dropout)
        self.norm = nn.LayerNorm(settings.dimension)
        self.layers = nn.ModuleList(Layer(settings) for _ in range(settings.layers))
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def item_vectors(self, items: Tensor | None = None) -> Tensor:
        """Vectors of some items, (n, d), or of all: their own and those of their content."""
        if items is None:
            vectors: Tensor = self.own.weight + self.projection(self.contents)
        else:
            vectors = self.own(items) + self.projection(self.contents[items])
        return vectors

    def forward(self, items: Tensor, vectors: Tensor) -> Tensor:
        """Encode sequences of one length: (b, length) rows of `vectors` to (b, d)."""
        length = items.shape[1]
        # The last place is always the same one, however long the sequence is.
        places = self.places(torch.arange(length - 1, -1, -1, device=items.device))
        x = self.dropout(self.norm(functional.embedding(items, vectors) + places))
        for layer in self.layers:
            x = layer(x)
        encoded: Tensor = x[:, -1]
        return encoded
