"""Graph propagation, E(K): each product's vector moves towards those of the products it links to.

    H(0) = X,  H(k + 1) = r X + (1 - r) D⁻¹ A H(k)

X are the vectors, A the weights of the links, and D their sums: personalised PageRank over vectors.
Gasteiger, Bojchevski and Günnemann, "Predict then Propagate" (ICLR 2019).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopreco.encoders.base import Vectors

STEPS = 2
RESTART = 0.5


class Links(NamedTuple):
    """m links between n products. All are (m,); `sources` and `targets` are rows of the vectors."""

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]

    def both_ways(self) -> Links:
        return Links(
            np.concatenate([self.sources, self.targets]),
            np.concatenate([self.targets, self.sources]),
            np.concatenate([self.weights, self.weights]),
        )


def propagate(
    vectors: Vectors,
    links: Links,
    *,
    steps: int = STEPS,
    restart: float = RESTART,
    device: str | None = None,
) -> Vectors:
    """Propagate vectors, (n, d), along links: (n, d), L2-normalised. Those without links stay.

    steps: how many links far a vector reaches.
    restart: share, r, of its own vector that a product keeps at each step.
    device: of torch, such as "cuda"; None computes the same with numpy.
    """
    if not 0 <= restart <= 1:
        raise ValueError(f"restart is {restart}; it must be from 0 to 1.")
    degrees = np.zeros(len(vectors), dtype=np.float32)
    np.add.at(degrees, links.sources, links.weights)
    shares = links.weights / degrees[links.sources] * np.float32(1 - restart)
    kept = np.where(degrees > 0, np.float32(restart), np.float32(1))[:, None]
    propagated = _with_numpy if device is None else _with_torch
    steps = steps if len(links.sources) else 0
    found = propagated(vectors, links, shares, kept, steps, device or "") if steps else vectors
    unit: Vectors = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


def _with_numpy(
    vectors: Vectors, links: Links, shares: Vectors, kept: Vectors, steps: int, device: str
) -> Vectors:
    order = np.argsort(links.sources, kind="stable")
    targets, weights = links.targets[order], shares[order]
    linked, starts = np.unique(links.sources[order], return_index=True)
    bounds = np.append(starts, len(order))
    found = vectors
    for _ in range(steps):
        following = kept * vectors
        # One product at a time: vectors for all links at once might not fit into memory.
        for source, first, end in zip(linked, bounds[:-1], bounds[1:], strict=True):
            following[source] += weights[first:end] @ found[targets[first:end]]
        found = following
    return found


def _with_torch(
    vectors: Vectors, links: Links, shares: Vectors, kept: Vectors, steps: int, device: str
) -> Vectors:
    import torch

    at = torch.from_numpy(np.stack([links.sources, links.targets])).to(device)
    weights = torch.from_numpy(shares).to(device)
    start = torch.from_numpy(kept * vectors).to(device)
    found = torch.from_numpy(vectors).to(device)
    # Said for the block: some versions of torch warn where nobody has said it.
    with torch.sparse.check_sparse_tensor_invariants(True):  # type: ignore[no-untyped-call]  # of torch
        matrix = torch.sparse_coo_tensor(at, weights, (len(vectors), len(vectors))).coalesce()
        for _ in range(steps):
            found = start + torch.sparse.mm(matrix, found)
    moved: Vectors = found.cpu().numpy()
    return moved
