"""Which files each job of the controls stage reads, and what shapes its result."""

CONTROLS = config["controls"]
JOINT = CONTROLS["joint_networks"] if CONTROLS["interaction"] else {}


def band_models(band):
    """Return the models of a band: those named in the config, or all of its modality."""
    modality = {"multimodal": "vision-language"}.get(band, band)
    rows = {name: ZOO[name] for name in config["models"] if ZOO[name]["family"] != "concat"}
    # A network that is shown frames and texts together is tested on its own; its parts would fill every band.
    of_modality = [
        name for name, row in rows.items() if row["modality"] == modality and row["feed"] != "joint"
    ]
    return of_modality if CONTROLS["bands"][band] is None else CONTROLS["bands"][band]


BANDS = {band: band_models(band) for band in ("vision", "language", "multimodal")}


def subject_responses(wildcards):
    """Return the responses of all recordings of a subject."""
    return [
        f"<shared>/responses/{recording}_{wildcards.alignment}.nc"
        for recording in subject_recordings(wildcards.subject)
    ]


def films_of(wildcards):
    """Return the films that a job covers: its own, or all that its subject saw."""
    return (
        [wildcards.stimulus]
        if "stimulus" in wildcards.keys()
        else subject_stimuli(wildcards.subject)
    )


def activation_files(wildcards, fits):
    """Return the activations of fits for all films of a job, in the order of :func:`pairs`."""
    return [
        f"<shared>/activations/{film}_{wildcards.alignment}_{fit}.nc"
        for fit, film in pairs(wildcards, fits)
    ]


def pairs(wildcards, fits):
    """Return [fit, film] of each file of activations."""
    return [[fit, film] for fit in fits for film in films_of(wildcards)]


def lowlevel_files(wildcards):
    """Return the low-level features of all films of a job."""
    return [f"<shared>/lowlevel/{film}_{wildcards.alignment}.nc" for film in films_of(wildcards)]


def full(models, init="trained"):
    """Return the fits of models with the true pairing."""
    return [f"{model}-{init}-true" for model in models]


BAND_FITS = {band: full(models) for band, models in BANDS.items()}
ALL_BAND_FITS = list(dict.fromkeys(fit for fits in BAND_FITS.values() for fit in fits))


def joint_fits():
    """Return the fits of the joint networks: every pairing, but the true one only where that tells all."""
    fits = []
    for network in JOINT.values():
        pairings = ["true"] if network["towers"] else PAIRINGS
        fits += [f"{network['model']}-trained-{pairing}" for pairing in pairings]
    return list(dict.fromkeys(fits))


def matched_fits():
    """Return the fits of all contrasts that run on activations."""
    fits = [fit for name in config["contrasts"] for fit in contrast_fits(name)]
    return [fit for fit in dict.fromkeys(fits) if ZOO[fit.split("-")[0]]["family"] != "concat"]


def matched_contrasts():
    """Return, for every contrast whose fits run on activations, its sides in full names."""
    rows = {}
    for name, contrast in config["contrasts"].items():
        sides = {side: settings.fits_of(contrast[side]) for side in "ab"}
        if all(sides.values()) and all(
            fit in MATCHED_FITS for fits in sides.values() for fit in fits
        ):
            ranks = {
                f"rank_{side}": contrast[side]["rank"] if isinstance(contrast[side], dict) else 1
                for side in "ab"
            }
            rows[name] = {
                **sides,
                **ranks,
                "alternative": contrast["alternative"],
                "alignments": contrast_alignments(name),
            }
    return rows


MATCHED_FITS = matched_fits()
MATCHED = matched_contrasts()
# Two random inits where there are two, and the layers of the first network.
FIRST = [name for name in config["models"] if ZOO[name]["family"] != "concat"][:1]
FLOOR_PAIRS = (
    [["two random inits", *full(FIRST, "random0"), *full(FIRST, "random1")]]
    if FIRST and len(INITS) > 2
    else []
)
FLOOR_PAIRS += [["declared pair", *full(pair)] for pair in CONTROLS["floor_pairs"]]
FLOOR_FITS = list(dict.fromkeys(full(FIRST) + [fit for pair in FLOOR_PAIRS for fit in pair[1:]]))
# What a leak is held against: the scores of all trained networks.
LEAK_FITS = full(config["models"])


# Which tables there are: what is switched on, and has what it needs.
SUBJECT_CONTROLS = {
    "partition": CONTROLS["partition"] and bool(ALL_BAND_FITS),
    "dimension_match": CONTROLS["dimension_match"] and bool(MATCHED),
    "interaction": bool(JOINT and BANDS["vision"] and BANDS["language"]),
    "leak": CONTROLS["leak"],
    "floors": CONTROLS["floors"] and bool(FLOOR_FITS),
    "ceiling": CONTROLS["ceiling"],
}
CONTROL_TABLES = [
    name
    for name, on in (*SUBJECT_CONTROLS.items(), ("passive", CONTROLS["passive"] and ALL_BAND_FITS))
    if on
]


def control_spec(wildcards, **more):
    """Return what shapes every control of one subject (or film) and alignment."""
    window = CONTROLS["window"] or config["statistics"]["primary_window"]
    keys = ("folds", "split", "validation", "gap_s", "block_s", "alphas", "drift_cosines_s")
    return {
        "seed": config["seed"],
        **{key: value for key, value in wildcards.items()},
        "films": films_of(wildcards),
        "window_ms": config["statistics"]["windows"][window],
        "bin_width_ms": config["responses"]["bin_width_ms"],
        "dimensions": CONTROLS["dimensions"],
        **{key: config["encoding"][key] for key in keys},
        **more,
    }


def partition_spec(wildcards):
    """Return what shapes a variance partition."""
    return control_spec(
        wildcards,
        pairs=pairs(wildcards, ALL_BAND_FITS),
        bands=BAND_FITS,
        scalings=CONTROLS["scalings"],
    )


def matched_spec(wildcards):
    """Return what shapes the dimension-matched contrasts."""
    rows = {name: row for name, row in MATCHED.items() if wildcards.alignment in row["alignments"]}
    return control_spec(wildcards, pairs=pairs(wildcards, MATCHED_FITS), contrasts=rows)


def interaction_spec(wildcards):
    """Return what shapes the interaction test and the modality shuffle."""
    fits = list(dict.fromkeys(BAND_FITS["vision"] + BAND_FITS["language"] + joint_fits()))
    return control_spec(
        wildcards,
        pairs=pairs(wildcards, fits),
        bands={band: BAND_FITS[band] for band in ("vision", "language")},
        networks=JOINT,
        pairings=PAIRINGS[1:],
        tower_pairings=CONTROLS["tower_pairings"],
        shifts=CONTROLS["shifts"],
        min_shift_s=config["events"]["shuffle_min_shift_s"],
    )


def interaction_activations(wildcards):
    """Return the activations that the interaction test needs."""
    return activation_files(
        wildcards, dict.fromkeys(BAND_FITS["vision"] + BAND_FITS["language"] + joint_fits())
    )


def leak_spec(wildcards):
    """Return what shapes the leak meter."""
    return control_spec(wildcards, fits=LEAK_FITS, drift_period_s=CONTROLS["drift_period_s"])


def floors_spec(wildcards):
    """Return what shapes the floors."""
    return control_spec(
        wildcards,
        pairs=pairs(wildcards, FLOOR_FITS),
        layers_of=full(FIRST)[0],
        compared=FLOOR_PAIRS,
    )


def passive_spec(wildcards):
    """Return what shapes the passive control: all bins, for what comes before the onset is the point."""
    return control_spec(wildcards, pairs=pairs(wildcards, ALL_BAND_FITS), bands=BAND_FITS) | {
        "window_ms": config["responses"]["window_ms"],
        "step_ms": config["responses"]["step_ms"],
    }


def other_subjects(wildcards):
    """Return the responses of the other subjects who saw a film of this subject's."""
    films = subject_stimuli(wildcards.subject)
    others = [
        name
        for name, row in RECORDINGS.items()
        if row.subject != wildcards.subject and row.stimulus in films
    ]
    return [f"<shared>/responses/{recording}_{wildcards.alignment}.nc" for recording in others]


def ceiling_spec(wildcards):
    """Return what shapes the ceiling."""
    return control_spec(wildcards, subjects={name: row.subject for name, row in RECORDINGS.items()})


def control_parts(wildcards):
    """Return the parts of one control's table."""
    if wildcards.control == "passive":
        return expand(
            "<results>/intermediate/controls/{stimulus}_{alignment}_passive.parquet",
            stimulus=STIMULI,
            alignment=ALIGNMENTS,
        )
    tested = {alignment for row in MATCHED.values() for alignment in row["alignments"]}
    return expand(
        "<results>/intermediate/controls/{subject}_{alignment}_{control}.parquet",
        subject=SUBJECTS,
        alignment=[
            name for name in ALIGNMENTS if wildcards.control != "dimension_match" or name in tested
        ],
        control=wildcards.control,
    )


wildcard_constraints:
    control="partition|dimension_match|interaction|leak|floors|ceiling|passive",
