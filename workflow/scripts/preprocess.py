"""Clean one recording: choose channels, re-reference, filter; and put it on the film's clock."""

from pathlib import Path

from tqdm import tqdm

from fusion.ieeg import brainvision
from fusion.ieeg.preparation import open_source, prepare
from fusion.ieeg.spec import PreprocessSpec
from fusion.io.atomic import scratch
from fusion.io.job import begin
from fusion.io.tables import write_tsv
from fusion.io.text import write_json

log = begin(snakemake)
spec = PreprocessSpec.read(snakemake.params.spec)
given, out = snakemake.input, snakemake.output

source = open_source(given.ieeg, given.sidecars, given.atlas, spec)
with scratch(Path(out.eeg).with_name(f".part-{spec.recording}")) as folder:
    cleaned = prepare(source, spec, folder)
    signals = tqdm(cleaned.signals, total=len(cleaned.names), mininterval=5)
    unit = "AU" if spec.cleaning.zscore else "µV"
    shape = (source.samples, source.sfreq, unit, source.markers)
    brainvision.write(out.vhdr, cleaned.names, signals, *shape)

write_tsv(cleaned.channels, out.channels, literal=True)
write_json(cleaned.sidecar, out.sidecar)
write_tsv(cleaned.electrodes, out.electrodes)
write_tsv(source.clock, out.clock, float_format="%.12g")
write_tsv(source.whole.table(source.long), out.segments, float_format="%.10g")
write_tsv(cleaned.marks.table, out.artefacts, float_format="%.10g")
cleaned.quality["artefacts_percent"] = 100 * cleaned.marks.share
write_tsv(cleaned.quality, out.quality, float_format="%.10g")
