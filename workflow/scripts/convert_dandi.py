"""One session of Dandiset 000623 as a BIDS recording, one contact at a time."""

import shutil

import numpy as np
from tqdm import tqdm

from fusion.ieeg import brainvision, dandi
from fusion.io.job import begin
from fusion.io.tables import write_tsv
from fusion.io.text import read_json, write_json

log = begin(snakemake)
out = snakemake.output

session = dandi.read(snakemake.input.nwb)
series = session.series
log.info("%d macro contacts, %d samples at %g Hz", len(series.names), series.samples, series.sfreq)
if series.seams:
    log.warning("%d pauses in the series", len(series.seams))
row = session.film.iloc[0]
log.info(
    "film second %.3f at %.3f s of the recording, for %.3f s",
    row["film_s"],
    row["onset"],
    row["duration"],
)

signals = (
    (1e6 * series.read([k], 0, series.samples)[0]).astype(np.float32)
    for k in tqdm(range(len(series.names)), desc="contacts", mininterval=5)
)
onsets = [(0, 0.0)]
for seam in series.seams:
    at = onsets[-1][1] + (seam.sample - onsets[-1][0]) / series.sfreq + seam.lost_s
    onsets.append((seam.sample, at))
brainvision.write(
    out.vhdr, list(series.names), signals, series.samples, series.sfreq, segments=onsets
)
write_tsv(dandi.channels(session), out.channels, literal=True)
write_tsv(session.places, out.electrodes, literal=True)
write_tsv(session.film, out.events, float_format="%.10g", literal=True)
write_json(read_json(snakemake.input.facts) | dandi.ieeg(session), out.sidecar)
shutil.copyfile(snakemake.input.space, out.coordsystem)
