"""The demo: a simulated dataset with planted sites, the family of tiny models, and what the workflow makes of them."""


def simulated_files():
    """Return the files of the simulated recordings, and what describes all of them."""
    shared = ["README", "participants.tsv", "participants.json", "task-film_events.json"]
    files = [f"<results>/bids/{name}" for name in [*shared, "space-MNI152NLin2009cAsym_electrodes.json"]]
    for row in RECORDINGS.values() if DEMO else []:
        files += [str(path).replace(str(RESULTS), "<results>", 1) for path in (row["ieeg"], *row["sidecars"])]
    return files


def simulate_spec():
    """Return what the simulated dataset depends on."""
    return {
        "seed": config["seed"],
        "subjects": [f"{k + 1:02d}" for k in range(config["simulate"]["subjects"])],
        **{key: config["simulate"][key] for key in ("film_s", "sfreq_hz", "shafts", "contacts", "effect")},
    }


rule simulate:
    output:
        description="<results>/bids/dataset_description.json",
        video="<results>/bids/stimuli/film.mp4",
        words="<results>/bids/stimuli/film_words.tsv",
        cuts="<results>/bids/stimuli/film_cuts.tsv",
        recordings=simulated_files(),
        truth="<results>/truth.tsv",
    log:
        "<logs>/simulate/simulate.log",
    benchmark:
        "<benchmarks>/simulate/simulate.tsv"
    conda:
        "../../envs/demo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        spec=simulate_spec(),
        code=code("simulate.py"),
    message:
        "Simulating a film, its transcript and recordings with planted sites"
    script:
        "../scripts/simulate.py"
