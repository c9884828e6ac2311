"""Which files each job of the demo stage reads, and what shapes its result."""


def simulated_files():
    """Return the files of the simulated recordings, and what describes all of them."""
    shared = ["README", "participants.tsv", "participants.json", "task-film_events.json"]
    files = [
        f"<dataset>/bids/{name}" for name in [*shared, "space-MNI152NLin2009cAsym_electrodes.json"]
    ]
    for row in RECORDINGS.values() if DEMO else []:
        files += [str(path).replace(str(RESULTS), "<results>", 1) for path in row.files]
    return files


def simulate_spec():
    """Return what the simulated dataset depends on."""
    return {
        "seed": config["seed"],
        "subjects": [f"{k + 1:02d}" for k in range(config["simulate"]["subjects"])],
        **{
            key: config["simulate"][key]
            for key in ("film_s", "sfreq_hz", "shafts", "contacts", "effect")
        },
    }
