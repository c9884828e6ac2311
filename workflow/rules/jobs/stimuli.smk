"""Which files each job of the stimuli stage reads, and what shapes its result."""


def film_file(wildcards):
    """Return the path of a film."""
    return stimulus_file(wildcards.stimulus, config["stimuli"][wildcards.stimulus]["video"])


def transcript_files(wildcards):
    """Return the transcript, and the file of sentences where there is one."""
    row = config["stimuli"][wildcards.stimulus]["transcript"]
    files = {"transcript": row["file"], "sentences": row["sentences"]}
    return {name: stimulus_file(wildcards.stimulus, path) for name, path in files.items() if path}


def cut_files(wildcards):
    """Return the table of cuts, where there is one."""
    path = config["stimuli"][wildcards.stimulus]["scene_cuts"]["file"]
    return {"cuts": stimulus_file(wildcards.stimulus, path)} if path else {}


def event_files(wildcards):
    """Return what events are made of: words, and cuts where those are the events."""
    files = {"words": f"<results>/stimuli/{wildcards.stimulus}_words.tsv"}
    if wildcards.alignment == "vision":
        files["cuts"] = f"<results>/stimuli/{wildcards.stimulus}_cuts.tsv"
    return files


def transcript_spec(wildcards):
    """Return how to read a transcript."""
    row = config["stimuli"][wildcards.stimulus]["transcript"]
    return {key: row[key] for key in ("format", "tier", "language", "longest_sentence")}


def cut_spec(wildcards):
    """Return how to read or detect cuts: only what the one or the other uses."""
    row = config["stimuli"][wildcards.stimulus]["scene_cuts"]
    keys = (
        ("onset_column", "skip_first") if row["file"] else ("detector", "threshold", "min_scene_s")
    )
    return {key: row[key] for key in keys}


def event_spec(wildcards):
    """Return what makes an event of an alignment."""
    keys = ["min_spacing_s", "shuffled_pairings", "shuffle_min_shift_s"]
    own = {
        "language": ["text", "text_window_words", "previous_sentences", "stop_words"],
        "vision": ["frame_offset_s"],
    }
    chosen = {key: config["events"][key] for key in keys + own[wildcards.alignment]}
    return {
        "stimulus": wildcards.stimulus,
        "alignment": wildcards.alignment,
        "seed": config["seed"],
        **chosen,
    }


def lowlevel_spec(wildcards):
    """Return how events are described."""
    return {"alignment": wildcards.alignment, **config["lowlevel"]}
