"""Interaction test and modality shuffle of the joint networks, for one subject and alignment."""

import pandas as pd

from fusion.controls.battery import battery
from fusion.controls.inputs import at_events, by_electrode, components, groups, networks
from fusion.controls.interaction import stream_correlation
from fusion.controls.joint import additive, read_pairings, read_towers, streams
from fusion.io.job import begin
from fusion.io.tables import read_tsv, write_parquet
from fusion.seeds import rng_for

log = begin(snakemake)

spec = snakemake.params.spec
files = {
    (fit, film): path
    for (fit, film), path in zip(spec["pairs"], snakemake.input.activations, strict=True)
}
events = {
    film: read_tsv(path, ("event", "onset_s"), {"event": str})
    for film, path in zip(spec["films"], snakemake.input.events, strict=True)
}
bands = networks(
    *zip(
        *[
            ([fit, film], path)
            for (fit, film), path in files.items()
            if fit in sum(spec["bands"].values(), [])
        ],
        strict=True,
    )
)

made = {}
for name, network in spec["networks"].items():
    rng = rng_for(spec["seed"], "interaction", name)
    if network["towers"]:
        paths = {film: files[f"{network['model']}-trained-true", film] for film in spec["films"]}
        films = read_towers(
            paths, network["towers"], events, spec["tower_pairings"], spec["min_shift_s"], rng
        )
    else:
        paths = {
            (pairing, film): files[f"{network['model']}-trained-{pairing}", film]
            for pairing in ["true", *spec["pairings"]]
            for film in spec["films"]
        }
        films = read_pairings(paths, spec["films"], spec["pairings"], events, rng)
    if additive(films):
        log.warning(
            "%s adds its streams and does nothing more: it has no interaction part, and is"
            " left out",
            name,
        )
        continue
    made[name] = streams(films, spec["dimensions"], spec["shifts"], spec["min_shift_s"])
    made[name] = {
        stream: {
            film: pd.DataFrame(x, index=events[film]["event"].to_numpy())
            for film, x in by_film.items()
        }
        for stream, by_film in made[name].items()
    }


def of_group(group):
    vision, language = (
        components(
            [bands[fit] for fit in spec["bands"][band]], group.recordings, spec["dimensions"]
        )
        for band in ("vision", "language")
    )
    together = stream_correlation(
        vision,
        language,
        [(held.train, held.scored[f]) for f, held in enumerate(group.design.folds.outer)],
    )
    log.info(
        "%d electrodes, %d events; vision and language predict each other with r = %.3f",
        len(group.electrodes),
        len(vision),
        together,
    )
    tables = []
    for name, by_stream in made.items():
        features = {
            stream: at_events(films, group.recordings) for stream, films in by_stream.items()
        }
        table = battery(group.design, vision, language, features)
        table.insert(0, "network", name)
        tables.append(table.assign(stream_r=together))
    return pd.concat(tables, ignore_index=True)


table = by_electrode(
    groups(snakemake.input.responses, spec),
    of_group,
    subject=spec["subject"],
    alignment=spec["alignment"],
)
write_parquet(table, snakemake.output.table)
