"""Pictures at events: one pass by timestamp against a seek for every event, and how much a picture
takes on disk.

The film lasts 10 minutes (1280 x 720, 25 pictures a second, H.264 with B-frames): slow pans over
two photographs, with a cut every few seconds; one minute, ten times over. Events: 2,000 word-like
onsets, and 250 cuts. Baselines, on the same film: a seek to the key frame before the event and
decoding from there (PyAV, same resizing), and OpenCV's seek by picture number. Everything runs with
one thread and is timed in CPU seconds, in one process, without storing; baselines on a random part
of the events, scaled up. The pictures are checked to be the same.

Usage: python benchmarks/frames.py [FOLDER] (films are kept in FOLDER)
"""

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/lib"))

import av
import cv2
import numpy as np
from sklearn.datasets import load_sample_images

from fusion.io import labelled
from fusion.stimuli import film, frames

SECONDS, RATE, WIDTH, HEIGHT, SIZE = 600, 25, 1280, 720, 256
PART = 75  # events on which the baselines are timed


def make_minute(path, group):
    """Write the film's minute, with a key frame every ``group`` pictures."""
    rng, photos = np.random.default_rng(0), load_sample_images().images
    with av.open(str(path), "w") as container:
        options = {
            "preset": "veryfast",
            "crf": "20",
            "x264-params": f"keyint={group}:min-keyint={group}:scenecut=0:threads=1",
        }
        stream = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        left = 0
        for _ in range(60 * RATE):
            if left == 0:
                photo = photos[rng.integers(2)][:, :: int(rng.choice([-1, 1]))]
                left, photo = (
                    int(rng.integers(30, 200)),
                    cv2.resize(photo, (WIDTH, WIDTH * photo.shape[0] // photo.shape[1])),
                )
                place, step = rng.uniform(0, photo.shape[0] - HEIGHT), rng.uniform(-0.5, 0.5)
            left, place = left - 1, float(np.clip(place + step, 0, photo.shape[0] - HEIGHT))
            image = np.ascontiguousarray(photo[int(place) : int(place) + HEIGHT])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def make_film(path, group):
    """Write the minute ten times over, without encoding it again."""
    minute = path.with_name(f"minute_{group}.mp4")
    make_minute(minute, group)
    with av.open(str(path), "w") as film_file:
        stream = None
        for k in range(SECONDS // 60):
            with av.open(str(minute)) as source:
                stream = stream or film_file.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.size:
                        shift = int(60 * k / packet.time_base)
                        packet.pts, packet.dts, packet.stream = (
                            packet.pts + shift,
                            packet.dts + shift,
                            stream,
                        )
                        film_file.mux(packet)


def one_pass(path, wanted):
    """Return the pictures as the workflow takes them."""
    return [picture.image for picture in frames.pictures(path, film.read_clock(path), wanted, SIZE)]


def store_all(path, wanted, images):
    """Store pictures as the workflow does."""
    height, width, _ = images[0].shape
    with labelled.create(path, {"frame": wanted, "y": height, "x": width, "rgb": 3}) as file:
        image = labelled.add(
            file,
            "image",
            ("frame", "y", "x", "rgb"),
            dtype="uint8",
            **frames.storage(height, width),
        )
        for first in range(0, len(images), 64):
            image[first : first + 64] = np.stack(images[first : first + 64])


def seek_each(path, times):
    """Return the pictures with a seek for each."""
    images = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for t in times:
            container.seek(int(t / stream.time_base), stream=stream, backward=True)
            picture = next(p for p in container.decode(stream) if p.time >= t - 1e-9)
            images.append(frames.resized(picture, SIZE))
    return images


def opencv_each(path, wanted):
    """Return the pictures with OpenCV's seek by picture number for each."""
    images, reader = [], cv2.VideoCapture(str(path))
    for index in wanted:
        reader.set(cv2.CAP_PROP_POS_FRAMES, int(index))
        image = reader.read()[1]
        images.append(
            cv2.resize(image, (round(WIDTH * SIZE / HEIGHT), SIZE), interpolation=cv2.INTER_AREA)
        )
    return images


def cpu(function, *arguments):
    """Return the CPU seconds of a call, and its result."""
    start = time.process_time()
    result = function(*arguments)
    return time.process_time() - start, result


def main():
    """Print the table."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "threads;1"
    rng = np.random.default_rng(1)
    print(
        "| key frame every | events | one pass | seek (PyAV) | seek (OpenCV) | ratio PyAV | ratio"
        " OpenCV | storing |\n" + "|---:" * 8 + "|"
    )
    for group in (250, 50):
        path = folder / f"film_{group}.mp4"
        if not path.exists():
            make_film(path, group)
        clock = film.read_clock(path)
        for name, count in (("words", 2000), ("cuts", 250)):
            wanted = np.unique(clock.frame_at(np.sort(rng.uniform(0, SECONDS - 0.1, count))))
            part = np.sort(rng.choice(len(wanted), PART, replace=False))
            ours, kept = cpu(one_pass, path, wanted)
            seek, images = cpu(seek_each, path, clock.seconds[wanted[part]])
            opencv, _ = cpu(opencv_each, path, wanted[part])
            for k, image in zip(part, images, strict=True):
                assert (kept[k] == image).all(), "not the same picture"
            seek, opencv = (x * len(wanted) / PART for x in (seek, opencv))
            storing, _ = cpu(store_all, folder / "pictures.nc", wanted, kept)
            times = (
                f"{ours:.1f} s | {seek:.1f} s | {opencv:.1f} s | {seek / ours:.1f} |"
                f" {opencv / ours:.1f} | {storing:.1f} s"
            )
            print(f"| {group} pictures | {len(wanted)} {name} | {times} |", flush=True)
            if name == "words" and group == 250:
                height, width, _ = kept[0].shape
                each = (folder / "pictures.nc").stat().st_size / len(wanted)
                told = (
                    f"On disk: {each / 1e3:.0f} kB a picture of {width} x {height} px,"
                    f" {each / (3 * height * width):.2f} of its pixels"
                )
    print(f"\n{told}; 6,000 events take {6000 * each / 1e9:.2f} GB.")


if __name__ == "__main__":
    main()
