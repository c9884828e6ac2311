"""What comes from an address is the file that was asked for, or one clear error."""

import hashlib
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fusion.io.errors import InputError
from fusion.models.families.transformers_text import refuse_kernels
from fusion.models.run import download, fetch

CONTENT = bytes(range(256)) * 400
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Answers each path as ``plan`` says: a status, headers, and a body."""

    protocol_version = "HTTP/1.1"
    plan, asked = {}, []

    def do_GET(self):
        Server.asked.append((self.path, dict(self.headers)))
        status, headers, body = Server.plan[self.path.split("?")[0]]
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *arguments):
        pass


def whole(body=CONTENT, **headers):
    return 200, {"Content-Length": str(len(body)), **headers}, body


@pytest.fixture
def server(monkeypatch):
    Server.plan, Server.asked = {}, []
    for name in ("HF_HUB_OFFLINE", "FUSION_MIRROR", "http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(fetch.time, "sleep", lambda seconds: None)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


def get(url, cache, sha256=None, mirror=None):
    return fetch.fetch(url, sha256, [], cache, mirror)


def test_what_tells_two_addresses_apart_is_in_the_key(server, tmp_path):
    Server.plan["/get"] = whole(b"first")
    first = get(f"{server}/get?name=first.pt", tmp_path)
    Server.plan["/get"] = whole(b"second")
    second = get(f"{server}/get?name=second.pt", tmp_path)
    assert first.path != second.path
    assert first.sha256 != second.sha256
    assert get(f"{server}/get?name=first.pt", tmp_path) == first


def test_a_bare_name_in_a_mirror_is_taken_only_for_a_hash(server, tmp_path):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "model.pt").write_bytes(CONTENT)
    Server.plan |= {"/a/model.pt": whole(b"another"), "/b/model.pt": whole(b"a third")}
    assert get(f"{server}/a/model.pt", tmp_path / "c", SHA256, str(mirror)).sha256 == SHA256
    found = get(f"{server}/b/model.pt", tmp_path / "c", None, str(mirror))
    assert found.sha256 == hashlib.sha256(b"a third").hexdigest()


@pytest.mark.parametrize(
    "path",
    ["/a/../../../../x.pt", "/a/%2e%2e/x.pt", "/a/..%2f..%2fx.pt", "/a/b%5cc.pt", "/", "/a/%00.pt"],
)
def test_a_path_stays_in_its_folder(server, tmp_path, path):
    outside = tmp_path / "x.pt"
    outside.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"path of a file, without \.\."):
        get(server + path, tmp_path / "cache/deep")
    assert outside.read_bytes() == b"mine"
    assert Server.asked == []


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, {}, CONTENT[:1000]), "a reply without its length"),
        (whole(b"<!DOCTYPE html><p>log in"), "a web page"),
        (whole(b"log in", **{"Content-Type": "text/html; charset=utf-8"}), "a web page"),
        (whole(b"x" * 99, **{"Content-Encoding": "gzip"}), "a reply encoded as gzip"),
        ((200, {"Content-Length": "many"}, b""), "Content-Length: found 'many'"),
        ((200, {"Content-Length": "-5"}, b""), "Content-Length: found '-5'"),
        ((200, {"Content-Length": str(10**17)}, b""), "more space"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "scheme 'file'"),
        ((302, {"Location": "ftp://127.0.0.1/x"}, b""), "scheme 'ftp'"),
        ((302, {"Location": "http://localhost:1/x"}, b""), "another host, localhost"),
        ((302, {"Location": "/net.pt"}, b""), "more than 5 redirects"),
        ((404, {"Content-Length": "0"}, b""), "HTTP 404"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_the_file_is_one_line(server, tmp_path, answer, says):
    Server.plan["/net.pt"] = answer
    with pytest.raises(InputError) as error:
        get(f"{server}/net.pt", tmp_path)
    assert says in str(error.value)
    assert not [p for p in tmp_path.rglob("net.pt") if p.is_file()]


def test_a_short_reply_is_tried_again_and_then_refused(server, tmp_path):
    Server.plan["/net.pt"] = (200, {"Content-Length": str(len(CONTENT))}, CONTENT[:1000])
    with pytest.raises(InputError, match="no answer after 5 tries"):
        get(f"{server}/net.pt", tmp_path)
    assert len(Server.asked) == 5


def test_a_redirect_on_the_same_host_is_followed(server, tmp_path):
    Server.plan |= {
        "/net.pt": (302, {"Location": "/there.pt", "Content-Length": "0"}, b""),
        "/there.pt": whole(),
    }
    assert get(f"{server}/net.pt", tmp_path).sha256 == SHA256


def test_secrets_are_asked_for_by_name_and_written_nowhere(server, tmp_path, monkeypatch, caplog):
    Server.plan["/net.pt"] = whole()
    for address in (
        server.replace("http://", "http://user:hunter2@") + "/net.pt",
        f"{server}/net.pt?token=hunter2",
        f"{server}/net.pt?X-Amz-Signature=hunter2",
    ):
        with pytest.raises(InputError) as error:
            get(address, tmp_path)
        assert "hunter2" not in str(error.value)
    monkeypatch.setenv("MY_TOKEN", "hunter2")
    with caplog.at_level("DEBUG", logger="fusion"):
        found = get(f"{server}/net.pt?token=$MY_TOKEN", tmp_path)
    assert Server.asked[-1][0] == "/net.pt?token=hunter2"
    everything = " ".join([str(found), caplog.text, *map(str, tmp_path.rglob("*"))])
    assert "hunter2" not in everything
    with pytest.raises(InputError, match=r"\$NO_SUCH, which is not set"):
        get(f"{server}/net.pt?token=$NO_SUCH", tmp_path)


@pytest.mark.parametrize("name", ["hf:../..", "hf:org/..", "hf:/abs/x", "hf:org/a/b", "hf:org"])
def test_a_name_on_the_hub_is_no_path(tmp_path, name):
    with pytest.raises(InputError, match="hf:organisation/name"):
        get(name, tmp_path, None, str(tmp_path))


@pytest.mark.parametrize(
    "source",
    ["package:numpy/../../x", "package:numpy", "package:os.path/x", "package:/x", "package:"],
)
def test_a_file_of_a_package_lies_in_it(tmp_path, source):
    with pytest.raises(InputError, match="no (file|package)"):
        get(source, tmp_path)


def test_an_archive_of_a_package_does_not_unpack_without_end(tmp_path, monkeypatch):
    (tmp_path / "bomb").mkdir()
    (tmp_path / "bomb/__init__.py").touch()
    with zipfile.ZipFile(tmp_path / "bomb/a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a", b"0" * 10_000_000)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match="unpacks to 10,000,000"):
        get("package:bomb/a.zip", tmp_path)


def test_an_index_names_files_of_its_own_folder_only(tmp_path):
    folder = tmp_path / "net"
    folder.mkdir()
    (tmp_path / "outside.safetensors").write_bytes(b"x")
    (folder / "inside.safetensors").write_bytes(b"x")
    index = folder / "model.safetensors.index.json"
    index.write_text('{"weight_map": {"a": "inside.safetensors"}}')
    assert len(get(str(folder), tmp_path).files) == 2
    index.write_text('{"weight_map": {"a": "../outside.safetensors"}}')
    with pytest.raises(InputError, match=r"'\.\./outside\.safetensors'"):
        get(str(folder), tmp_path)


def test_an_address_is_shown_without_what_may_be_secret():
    assert download.shown("https://u:p@h.org:8/a/b.pt?x=1#f") == "https://h.org:8/a/b.pt?.."


@pytest.mark.parametrize("value", ['"someone/kernel"', '"someone/kernel@main:f"', '{"": "a/b"}'])
@pytest.mark.parametrize("where", ["%s", '{"text_config": %s}', '{"a": {"b": %s}}'])
@pytest.mark.parametrize("key", ["_attn_implementation", "experts_implementation"])
def test_a_kernel_of_attention_from_the_hub_is_refused(tmp_path, value, where, key):
    (tmp_path / "config.json").write_text(where % f'{{"{key}": {value}}}')
    with pytest.raises(InputError, match="expected sdpa, eager, or no such key"):
        refuse_kernels(str(tmp_path), "config.json")
