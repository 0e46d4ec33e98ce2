"""A person's file is replaced whole, with its permissions, and never over what somebody else wrote meanwhile."""

import os
import stat
import threading

import pytest

from inventory.integrations.save import Changed, save, text_at


def names(folder):
    return sorted(one.name for one in folder.iterdir())


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "integrations.yaml"
    path.write_bytes(b"a: 1\r\n# \xc3\xa9\r\n")
    return path


def test_it_is_replaced_with_its_permissions_and_line_breaks(file):
    file.chmod(0o640)
    before = text_at(file)
    assert before == "a: 1\r\n# é\r\n"
    save(file, before, before + "b: 2\r\n")
    assert file.read_bytes() == b"a: 1\r\n# \xc3\xa9\r\nb: 2\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert names(file.parent) == [file.name]


def test_what_was_changed_meanwhile_is_not_written_over(file):
    before = text_at(file)
    file.write_text("somebody else's\n")
    with pytest.raises(Changed, match="changed meanwhile"):
        save(file, before, "mine\n")
    assert file.read_text() == "somebody else's\n"
    file.unlink()
    with pytest.raises(Changed):
        save(file, before, "mine\n")
    assert names(file.parent) == []


def test_a_new_file_is_made_but_not_over_one_that_is_there(tmp_path):
    path = tmp_path / "new.yaml"
    assert text_at(path) == ""
    old = os.umask(0o027)
    try:
        save(path, "", "a: 1\n")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    with pytest.raises(Changed):
        save(path, "", "b: 1\n")
    assert path.read_text() == "a: 1\n"
    with pytest.raises(FileNotFoundError):
        save(tmp_path / "no folder" / "x.yaml", "", "a")


def test_a_link_that_leads_elsewhere_is_not_followed(file, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "real.yaml").write_text("a: 1\n")
    link = tmp_path / "link.yaml"
    link.symlink_to(elsewhere / "real.yaml")
    with pytest.raises(Changed, match=r"is a link to .*real.yaml"):
        save(link, "a: 1\n", "b: 1\n")
    assert (elsewhere / "real.yaml").read_text() == "a: 1\n"
    assert names(elsewhere) == ["real.yaml"]
    beside = tmp_path / "beside.yaml"
    beside.symlink_to(file.name)
    save(beside, text_at(beside), "c: 1\n")
    assert beside.is_symlink()
    assert file.read_text() == "c: 1\n"
    dangling = tmp_path / "dangling.yaml"
    dangling.symlink_to("/nowhere/at/all")
    with pytest.raises(Changed):
        save(dangling, "", "x")
    with pytest.raises(Changed, match="is no file"):
        save(elsewhere, "", "x")


def test_of_many_who_make_the_same_file_one_does(tmp_path):
    path, done = tmp_path / "new.yaml", []

    def write(n):
        try:
            save(path, "", f"n: {n}\n")
            done.append(n)
        except Changed:
            pass

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(done) == 1
    assert path.read_text() == f"n: {done[0]}\n"
    assert names(tmp_path) == ["new.yaml"]
