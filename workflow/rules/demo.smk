"""The demo: a simulated dataset with planted sites, the family of tiny models, and what the workflow makes of them."""


rule simulate:
    output:
        description="<dataset>/bids/dataset_description.json",
        video="<dataset>/bids/stimuli/film.mp4",
        words="<dataset>/bids/stimuli/film_words.tsv",
        cuts="<dataset>/bids/stimuli/film_cuts.tsv",
        recordings=design.simulate.files(),
        truth=paths.TRUTH,
    log:
        "<logs>/simulate/simulate.log",
    benchmark:
        "<benchmarks>/simulate/simulate.tsv"
    conda:
        "../../envs/demo.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        disk_mb=design.disk.simulate(),
        runtime=5,
    params:
        spec=design.simulate.spec(),
        code=design.code("simulate.py"),
    message:
        "Simulating a film, its transcript and recordings with planted sites"
    script:
        "../scripts/simulate.py"


rule train_demo_models:
    output:
        slip="<dataset>/demo_models/slip.pt",
        slip_clip="<dataset>/demo_models/slip_clip.pt",
        slip_simclr="<dataset>/demo_models/slip_simclr.pt",
        merges="<dataset>/demo_models/bpe.txt.gz",
        text=multiext(
            "<dataset>/demo_models/text/",
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
        ),
        audio=multiext(
            "<dataset>/demo_models/audio/",
            "config.json",
            "model.safetensors",
            "preprocessor_config.json",
        ),
    log:
        "<logs>/train_demo_models/train_demo_models.log",
    benchmark:
        "<benchmarks>/train_demo_models/train_demo_models.tsv"
    conda:
        "../../envs/demo.yaml"
    threads: 1
    resources:
        mem_mb=grows(3000),
        disk_mb=200,
        runtime=60,
    params:
        spec=design.train_demo_models.spec(),
        code=design.code("train_demo_models.py"),
    message:
        "Training SLIP, SLIP-CLIP, SLIP-SimCLR, a text encoder and a network of sound"
    script:
        "../scripts/train_demo_models.py"
