"""Checkpoints come whole, checked and without running anything, or with one clear error."""

import argparse
import hashlib
import json
import os
import pickle
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from torch import nn

from fusion.io.errors import InputError
from fusion.models.run import checkpoints, fetch
from fusion.models.run.lock import hold

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(BaseHTTPRequestHandler):
    """A server with ranges that can break off, answer with errors, or change its file."""

    protocol_version = "HTTP/1.1"
    content, tag, plan, log = CONTENT, '"one"', [], []

    def do_GET(self):
        event = Server.plan.pop(0) if Server.plan else "whole"
        Server.log.append((self.path, self.headers.get("Range"), event))
        if isinstance(event, int):
            self.send_error(event)
            return
        start = 0
        asked = self.headers.get("Range")
        if asked and self.headers.get("If-Range") == Server.tag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        if start >= len(Server.content):
            self.send_error(416)
            return
        body = Server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", Server.tag)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if event == "cut" else body)
        self.close_connection = True

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    Server.content, Server.tag, Server.plan, Server.log = CONTENT, '"one"', [], []
    for name in (
        "HF_HUB_OFFLINE",
        "FUSION_MIRROR",
        "http_proxy",
        "HTTP_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(fetch.time, "sleep", lambda seconds: None)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/models/net.pt"
    running.shutdown()
    running.server_close()


def files(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_a_good_file_is_fetched_once(server, tmp_path):
    found = fetch.fetch(server, SHA256, [], tmp_path, None)
    assert found.sha256 == SHA256
    assert open(found.path, "rb").read() == CONTENT  # noqa: SIM115
    again = fetch.fetch(server, SHA256, [], tmp_path, None)
    assert again == found
    assert len(Server.log) == 1
    assert files(tmp_path) == ["net.pt"]


def test_a_wrong_hash_is_thrown_away(server, tmp_path):
    with pytest.raises(InputError, match="thrown away"):
        fetch.fetch(server, "0" * 64, [], tmp_path, None)
    assert files(tmp_path) == []


def test_what_has_no_hash_is_held_against_its_first_download(server, tmp_path, caplog):
    lock = tmp_path / "config/weights.lock"
    first = fetch.fetch(server, None, [], tmp_path / "cache", None)
    hold(first, pinned=False, path=lock)
    assert json.loads(lock.read_text()) == {server: {"net.pt": SHA256}}
    assert "no sha256" in caplog.text
    hold(first, pinned=False, path=lock)
    Server.content = CONTENT[::-1]
    other = fetch.fetch(server, None, [], tmp_path / "elsewhere", None)
    with pytest.raises(InputError, match="as downloaded first"):
        hold(other, pinned=False, path=lock)
    hold(other, pinned=True, path=lock)
    hold(replace(other, source="resources/net.pt"), pinned=False, path=lock)
    assert json.loads(lock.read_text()) == {server: {"net.pt": SHA256}}


def test_the_first_digits_of_a_hash_are_a_pin_too(server, tmp_path):
    assert fetch.fetch(server, SHA256[:8], [], tmp_path, None).sha256 == SHA256
    with pytest.raises(InputError, match="thrown away"):
        fetch.fetch(server, "a" * 8, [], tmp_path / "other", None)
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "net.pt").write_bytes(CONTENT[::-1])
    with pytest.raises(InputError, match="as its row says"):
        fetch.fetch(server, SHA256[:8], [], tmp_path / "third", str(mirror))


def test_a_revision_is_asked_of_a_mirror_too(tmp_path):
    folder = tmp_path / "org/net"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"x")
    with pytest.raises(InputError, match="no word of its revision"):
        fetch.fetch("hf:org/net@abc", None, [], tmp_path, str(tmp_path))
    noted = folder / ".cache/huggingface/download/model.safetensors.metadata"
    noted.parent.mkdir(parents=True)
    noted.write_text("abc\netag\n1.0\n")
    assert fetch.fetch("hf:org/net@abc", None, [], tmp_path, str(tmp_path)).path == str(folder)
    with pytest.raises(InputError, match="revision abc"):
        fetch.fetch("hf:org/net@def", None, [], tmp_path, str(tmp_path))
    (tmp_path / "org/net@def").mkdir()
    (tmp_path / "org/net@def/model.safetensors").write_bytes(b"y")
    found = fetch.fetch("hf:org/net@def", None, [], tmp_path, str(tmp_path))
    assert found.path.endswith("net@def")


def test_a_cut_download_is_resumed(server, tmp_path):
    Server.plan = ["cut", "cut"]
    found = fetch.fetch(server, SHA256, [], tmp_path, None)
    assert found.sha256 == SHA256
    starts = [
        int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0 for _, asked, _ in Server.log
    ]
    assert starts[0] == 0
    assert 1_400_000 < starts[1] <= 1_500_000
    assert 2_150_000 < starts[2] <= 2_300_000


def test_a_download_cut_every_time_leaves_no_file_and_is_resumed_by_the_next_run(server, tmp_path):
    Server.plan = ["cut"] * 5
    with pytest.raises(InputError, match="no answer after 5 tries"):
        fetch.fetch(server, SHA256, [], tmp_path, None)
    assert "net.pt" not in files(tmp_path)
    assert fetch.fetch(server, SHA256, [], tmp_path, None).sha256 == SHA256
    assert Server.log[-1][1] is not None


def test_a_file_that_changed_meanwhile_is_not_patched_together(server, tmp_path):
    Server.plan = ["cut"] * 5
    with pytest.raises(InputError):
        fetch.fetch(server, None, [], tmp_path, None)
    Server.content, Server.tag = CONTENT[::-1], '"two"'
    found = fetch.fetch(server, None, [], tmp_path, None)
    assert found.sha256 == hashlib.sha256(CONTENT[::-1]).hexdigest()


def test_a_missing_file_is_one_clear_error(server, tmp_path):
    Server.plan = [404]
    with pytest.raises(InputError, match="HTTP 404"):
        fetch.fetch(server, SHA256, [], tmp_path, None)
    assert len(Server.log) == 1, "what is not there is not asked for again"
    assert files(tmp_path) == []


def test_a_server_with_a_moment_of_weakness_is_asked_again(server, tmp_path):
    Server.plan = [503, 500]
    assert fetch.fetch(server, SHA256, [], tmp_path, None).sha256 == SHA256


def test_no_server_says_what_to_do(server, tmp_path):
    with pytest.raises(InputError, match=r"FUSION_MIRROR") as error:
        fetch.fetch("http://127.0.0.1:9/models/net.pt", SHA256, [], tmp_path, None)
    assert str(tmp_path / "127.0.0.1:9/models/net.pt") in str(error.value)


def test_offline_uses_the_cache_and_asks_nobody(server, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match="HF_HUB_OFFLINE"):
        fetch.fetch(server, SHA256, [], tmp_path, None)
    place = tmp_path / server.removeprefix("http://")
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    assert fetch.fetch(server, SHA256, [], tmp_path, None).sha256 == SHA256
    assert Server.log == []


def test_a_damaged_cache_is_noticed(server, tmp_path):
    place = tmp_path / server.removeprefix("http://")
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT[:1000])
    with pytest.raises(InputError, match="remove the file"):
        fetch.fetch(server, SHA256, [], tmp_path, None)


def test_a_lab_mirror_comes_first(server, tmp_path):
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "net.pt").write_bytes(CONTENT)
    found = fetch.fetch(server, SHA256, [], tmp_path / "cache", str(folder))
    assert found.path == str(folder / "net.pt")
    assert Server.log == []
    base = server.removesuffix("/models/net.pt")
    found = fetch.fetch(
        "http://elsewhere.example/models/net.pt", SHA256, [], tmp_path / "cache", base
    )
    assert found.sha256 == SHA256
    assert Server.log[0][0] == "/elsewhere.example/models/net.pt"


def test_the_hub_offline_says_what_to_do(tmp_path, monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="hf download org/net"):
        fetch.fetch("hf:org/net", None, [], tmp_path, None)
    mirrored = tmp_path / "mirror/org/net"
    mirrored.mkdir(parents=True)
    (mirrored / "model.safetensors").write_bytes(b"x")
    assert fetch.fetch("hf:org/net", None, [], tmp_path, str(tmp_path / "mirror")).path == str(
        mirrored
    )


class Hub(BaseHTTPRequestHandler):
    """The little of the hub's interface that fetching a repository takes."""

    protocol_version = "HTTP/1.1"
    commit, files, asked = "a" * 40, {}, []

    def answer(self, body=b"", status=200, **headers):
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        Hub.asked.append(self.path)
        if not self.path.lstrip("/").startswith(("org/net", "api/models/org/net")):
            return self.answer(b"{}", 404, X_Error_Code="RepoNotFound")
        if self.path.startswith("/api/"):
            listing = {
                "id": "org/net",
                "sha": Hub.commit,
                "siblings": [{"rfilename": name} for name in Hub.files],
            }
            if "/tree/" in self.path:
                oids = {name: hashlib.sha1(body).hexdigest() for name, body in Hub.files.items()}
                listing = [
                    {"type": "file", "path": name, "size": len(Hub.files[name]), "oid": oid}
                    for name, oid in oids.items()
                ]
            return self.answer(json.dumps(listing).encode(), Content_Type="application/json")
        name = self.path.split(f"{Hub.commit}/")[-1]
        body = Hub.files[name]
        return self.answer(
            body, X_Repo_Commit=Hub.commit, ETag=f'"{hashlib.sha1(body).hexdigest()}"'
        )

    do_HEAD = do_GET

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub(monkeypatch, tmp_path):
    import huggingface_hub.constants as constants

    Hub.files, Hub.asked = (
        {
            "config.json": b"{}",
            "README.md": b"read",
            "onnx/model.onnx": b"graph",
        },
        [],
    )
    running = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    # as HF_ENDPOINT would set it before the library is imported
    endpoint = f"http://127.0.0.1:{running.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        endpoint + "/{repo_id}/resolve/{revision}/{filename}",
    )
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    yield Hub.files
    running.shutdown()
    running.server_close()


def test_the_hub_gives_safetensors_where_there_are_any(hub, tmp_path):
    hub |= {"model.safetensors": b"safe", "pytorch_model.bin": b"pickle"}
    found = fetch.fetch("hf:org/net", hashlib.sha256(b"safe").hexdigest(), [], tmp_path, None)
    assert sorted(found.files) == ["config.json", "model.safetensors"]
    assert not any("pytorch_model.bin" in path or "onnx" in path for path in Hub.asked)


def test_the_hub_gives_bin_files_where_there_is_nothing_else(hub, tmp_path):
    hub["pytorch_model.bin"] = b"pickle"
    assert "pytorch_model.bin" in fetch.fetch("hf:org/net", None, [], tmp_path, None).files


def test_the_hub_gives_the_files_that_a_row_names(hub, tmp_path):
    hub |= {"open_clip_model.safetensors": b"both", "model.safetensors": b"other"}
    found = fetch.fetch("hf:org/net@main", None, ["open_clip_model.safetensors"], tmp_path, None)
    assert "model.safetensors" not in found.files
    assert found.files["open_clip_model.safetensors"] == hashlib.sha256(b"both").hexdigest()


def test_what_the_hub_does_not_have(hub, tmp_path):
    with pytest.raises(InputError, match="no such repository"):
        fetch.fetch("hf:org/other", None, [], tmp_path, None)
    with pytest.raises(InputError, match="no weights file"):
        fetch.fetch("hf:org/net", None, [], tmp_path, None)


def test_folders_hash_every_file(tmp_path):
    folder = tmp_path / "net"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    weights = hashlib.sha256(b"weights").hexdigest()
    local = [str(folder / "config.json"), str(folder / "model.safetensors")]
    found = fetch.fetch("resources/net", weights, [], tmp_path, None, local)
    assert found.path == str(folder)
    assert found.files["model.safetensors"] == weights
    (folder / "config.json").write_text("{ }")
    assert fetch.fetch("resources/net", weights, [], tmp_path, None, local).sha256 != found.sha256
    with pytest.raises(InputError, match="sha256 of model.safetensors"):
        fetch.fetch("resources/net", "0" * 64, [], tmp_path, None, local)
    with pytest.raises(InputError, match="no such file"):
        fetch.fetch("resources/net", {"other.bin": weights}, [], tmp_path, None, local)


class Payload:
    """What a malicious checkpoint holds: unpickling it would run a command."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"touch {self.trace}",)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_payload_is_refused_and_does_not_run(tmp_path, legacy):
    trace, path = tmp_path / "trace", tmp_path / "net.pt"
    torch.save(
        {"state_dict": {"a": torch.zeros(2)}, "args": Payload(trace)},
        path,
        _use_new_zipfile_serialization=not legacy,
    )
    with pytest.raises(InputError, match="refused"):
        checkpoints.read(path)
    assert not trace.exists()
    path.write_bytes(pickle.dumps(Payload(trace)))
    with pytest.raises(InputError):
        checkpoints.read(path)
    assert not trace.exists()


def test_plain_training_state_is_read(tmp_path):
    path = tmp_path / "net.pt"
    held = {
        "state_dict": {"module.a": torch.ones(2)},
        "args": argparse.Namespace(model="SLIP", betas=(0.9, 0.98)),
        "best": np.float64(38.3),
        "epoch": 25,
    }
    torch.save(held, path)
    assert torch.equal(checkpoints.state_dict(path)["a"], torch.ones(2))
    assert checkpoints.read(path)["best"] == 38.3


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "no tensors"])
def test_damaged_files_are_one_clear_error(tmp_path, damage):
    path = tmp_path / "net.pt"
    torch.save(
        {"epoch": 3} if damage == "no tensors" else {"state_dict": {"a": torch.ones(1000)}}, path
    )
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:2000])
    if damage == "text":
        path.write_text("<html>not found</html>")
    if damage == "empty":
        path.write_bytes(b"")
    with pytest.raises(InputError, match=r"net\.pt"):
        checkpoints.state_dict(path)
    cut = tmp_path / "net.safetensors"
    cut.write_bytes(b"\x10\x00")
    with pytest.raises(InputError, match="cannot be read"):
        checkpoints.read(cut)


def test_every_difference_of_keys_is_an_error():
    module = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    state = dict(module.state_dict())
    checkpoints.load_strict(module, state | {"temp": torch.zeros(1)}, "net.pt", ["temp"])
    with pytest.raises(InputError, match=r"1 unexpected keys \(temp\)"):
        checkpoints.load_strict(module, state | {"temp": torch.zeros(1)}, "net.pt")
    with pytest.raises(InputError, match=r"1 missing keys \(1\.bias\)"):
        checkpoints.load_strict(
            module, {k: v for k, v in state.items() if k != "1.bias"}, "net.pt", ["1.*"]
        )
    with pytest.raises(InputError, match=r"0\.weight \(3, 5\) for \(3, 2\)"):
        checkpoints.load_strict(module, state | {"0.weight": torch.zeros(3, 5)}, "net.pt")
