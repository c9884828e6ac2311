"""Clean one recording: choose channels, re-reference, filter; and put it on the film's clock."""

from pathlib import Path

from tqdm import tqdm

from fusion.ieeg import (
    atlas,
    brainvision,
    channels,
    clean_sidecars,
    quality,
    recording,
    reference,
    sidecars,
)
from fusion.ieeg.cleaning import clean
from fusion.ieeg.clock import clock_table
from fusion.io.atomic import scratch
from fusion.io.logs import log_to
from fusion.io.tables import write_tsv

log = log_to(snakemake.log[0])

spec, given = snakemake.params.spec, list(snakemake.input.sidecars)
ieeg, how = snakemake.input.ieeg, spec["ieeg"]

info = sidecars.read_info(given)
table = sidecars.read_channels(given, ieeg)
events, events_file = sidecars.read_events(given)
positions = sidecars.read_positions(given, how["space"])
if snakemake.input.atlas:
    positions = atlas.with_regions(positions, list(snakemake.input.atlas), how["atlas"]["reach_mm"])
raw = recording.open_raw(ieeg, info, sidecars.stated_rates(table, how["channel_types"]))
sfreq, samples = float(raw.info["sfreq"]), raw.n_times
line_hz = quality.line_frequency(how["line_freq_hz"], info)
clock = clock_table(spec["film_zero"], events, events_file, samples / sfreq, ieeg)
usable = channels.usable(table, raw.ch_names, sfreq, how["channel_types"])
channels.check_some(usable, ieeg)
log.info(
    "%s: %d channels, %d neural, %d usable, %.6g s at %g Hz",
    ieeg,
    len(usable),
    usable["neural"].sum(),
    usable["kept"].sum(),
    samples / sfreq,
    sfreq,
)

with scratch(Path(snakemake.output.eeg).with_name(f".part-{spec['recording']}")) as folder:
    kept = usable.loc[usable["kept"], ["electrode", "in_file"]]
    by_channel, silent, levels = recording.transpose(
        raw, list(kept["in_file"]), folder / "channels"
    )
    names = dict(zip(kept["in_file"], kept["electrode"], strict=True))
    usable = channels.drop(usable, {names[name]: reason for name, reason in silent.items()})
    montage, dropped = reference.montage(
        usable, how["reference"], how["shaft_ends"], how["ecog_reference"]
    )
    usable = channels.drop(usable, dropped)
    channels.check_some(usable, ieeg)
    row_of = {name: k for k, name in enumerate(kept["electrode"])}
    signals = clean(montage, lambda name: by_channel.read(row_of[name]), sfreq, line_hz, how)
    unit = "AU" if how["zscore"] else "µV"
    brainvision.write(
        snakemake.output.vhdr,
        list(montage["electrode"]),
        tqdm(signals, total=len(montage), mininterval=5),
        samples,
        sfreq,
        unit,
    )

electrodes = channels.electrode_table(usable, positions, montage)
notes = sidecars.channel_notes(table, getattr(raw, "_orig_units", {}))
row = quality.row(
    spec, info, usable, electrodes, clock, positions, (sfreq, samples, line_hz), levels, notes
)
for warning in filter(None, row["warnings"].split("; ")):
    log.warning("%s: %s", spec["recording"], warning)
log.info("kept %d of %d neural channels; dropped: %s", row["kept"], row["neural"], row["dropped"])
write_tsv(clean_sidecars.channels(montage, usable, how, sfreq), snakemake.output.channels)
clean_sidecars.write_json(
    clean_sidecars.ieeg(info, spec, how, sfreq, samples, line_hz, montage, usable),
    snakemake.output.sidecar,
)
write_tsv(
    electrodes.assign(kept=electrodes["kept"].map({True: "true", False: "false"})),
    snakemake.output.electrodes,
)
write_tsv(clock, snakemake.output.clock, float_format="%.10g")
write_tsv(quality.table(row), snakemake.output.quality, float_format="%.10g")
