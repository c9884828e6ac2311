"""One stream of random numbers per use."""

from __future__ import annotations

import hashlib

import numpy as np


def seed_for(seed: int, *ids: object) -> int:
    """Return a 63-bit seed that depends on the config's ``seed`` and on what it is used for.

    The same ids give the same seed on every machine and in every job order; ``("slip", 1)`` and
    ``("slip1",)`` give different ones.
    """
    text = "\x1f".join([str(int(seed)), *(str(i) for i in ids)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def rng_for(seed: int, *ids: object) -> np.random.Generator:
    """Return a generator seeded by :func:`seed_for`."""
    return np.random.default_rng(seed_for(seed, *ids))
