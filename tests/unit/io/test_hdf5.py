"""Data of an HDF5 file lie in it, or beside it."""

import h5py
import numpy as np
import pytest

from fusion.io.errors import InputError
from fusion.io.hdf5 import refuse_elsewhere

ELSEWHERE = ["../secret.h5", "/etc/passwd", "beside/../../secret.h5"]


def linked(file, name):
    file["group/data"] = h5py.ExternalLink(name, "/data")


def stored(file, name):
    file.create_dataset("group/data", (4,), "i1", external=[(name, 0, 4)])


def virtual(file, name):
    layout = h5py.VirtualLayout((4,), "i1")
    layout[:] = h5py.VirtualSource(name, "data", (4,), "i1")
    file.create_virtual_dataset("data", layout)


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize("make", [linked, stored, virtual])
def test_data_of_other_folders_are_refused(tmp_path, make, name):
    folder = tmp_path / "a"
    folder.mkdir()
    with h5py.File(folder / "a.h5", "w") as file:
        make(file, name)
    with pytest.raises(InputError, match=r"data of this file or of one beside it"):
        refuse_elsewhere(folder / "a.h5")


@pytest.mark.parametrize("make", [linked, virtual])
def test_what_lies_beside_is_taken(tmp_path, make):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        make(file, "b.h5")
    refuse_elsewhere(tmp_path / "a.h5")


def test_plain_files_links_in_circles_and_what_is_none(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["group/data"] = np.arange(4)
        file["group/again"] = file["/"]
        file["group/soft"] = h5py.SoftLink("/nowhere")
    refuse_elsewhere(tmp_path / "a.h5")
    (tmp_path / "b.h5").write_bytes(b"none")
    refuse_elsewhere(tmp_path / "b.h5")
