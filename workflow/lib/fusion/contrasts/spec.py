"""Words of the contrasts stage, and what shapes its jobs. Standard library only."""

from __future__ import annotations

# Test -> role of its contrast, and in how many alignments it must hold.
TESTS = {
    "multimodal_any": ("multimodal", "one"),
    "multimodal_all": ("multimodal", "all"),
    "matched_any": ("matched", "one"),
    "matched_all": ("matched", "all"),
    "linear_any": ("linear", "one"),
}
VERDICTS = ("integration", "multimodal", "vision", "language", "undecided", "none", "not tested")
