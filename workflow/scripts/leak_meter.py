"""Leak meter of one subject and alignment: what features that know nothing of pictures and words
reach on the same folds.
"""

import numpy as np

from fusion.contrasts import fits
from fusion.controls.inputs import by_electrode, groups
from fusion.controls.leak import leak_features, meter
from fusion.io.job import begin
from fusion.io.labelled import open_labelled
from fusion.io.tables import read_tsv, write_parquet

log = begin(snakemake)

spec = snakemake.params.spec
words = {
    film: read_tsv(path, ("onset_s",))["onset_s"].to_numpy(float)
    for film, path in zip(spec["films"], snakemake.input.words, strict=True)
}
opened = [open_labelled(path) for path in snakemake.input.influence]
models = (
    fits.align(
        [
            fits.read_scores(file, path)
            for file, path in zip(opened, snakemake.input.influence, strict=True)
        ]
    )
    if opened
    else []
)


def best_model(group):
    """Return the best model of each electrode on validation, fold by fold, in the bins and blocks
    of the group.
    """
    at = [models[0].electrodes.index(name) for name in group.electrodes]
    in_window = np.isclose(models[0].bins[:, None], group.bins_ms).any(1)
    blocks = [models[0].blocks.index(label) for label in group.blocks]
    merit = np.stack([m.z_val[:, at][..., in_window].mean(-1) for m in models])
    choice = fits.choose(merit, 1)
    best = fits.choose(merit.mean(1, keepdims=True), 1)[0]
    picked = {"model": np.array([m.name for m in models], object)[best]}
    for key in ("z", "z_val"):
        picked[key] = np.choose(
            choice[..., None], [getattr(m, key)[:, at][..., in_window] for m in models]
        )
    influence = 0.0
    for k, m in enumerate(models):
        mine = m.load(slice(None)).influence[..., in_window][:, :, blocks][:, :, :, at]
        influence = influence + mine * (choice == k)[:, None, None, :, None]
    return picked | {"influence": influence}


def of_group(group):
    features = leak_features(group.onset_s, group.stimulus, words, spec["drift_period_s"])
    table = meter(
        group.design,
        features,
        best_model(group) if models else None,
        group.onset_s,
        spec["drift_period_s"],
    )
    log.info("%d electrodes, %d flagged", len(table), table["flagged"].sum())
    return table


table = by_electrode(
    groups(snakemake.input.responses, spec),
    of_group,
    subject=spec["subject"],
    alignment=spec["alignment"],
)
if table["flagged"].any():
    log.warning(
        "%d of %d electrodes are predicted by drift, word rate or autocorrelation as well as by any"
        " model",
        table["flagged"].sum(),
        len(table),
    )
write_parquet(table, snakemake.output.table)
