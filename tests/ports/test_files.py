"""The town's own folders and files, on a real disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gastown_tui.core.errors import BadInput, Conflict, GastownError, NotFound, Refused
from gastown_tui.core.ports import Files
from gastown_tui.core.world.disk import DiskFiles


@pytest.fixture
def files() -> Files:
    return DiskFiles()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_are_private_all_the_way_down(files: Files, tmp_path: Path) -> None:
    files.make_directory(tmp_path / "a" / "b" / "c")
    assert [mode(tmp_path / each) for each in ("a", "a/b", "a/b/c")] == [0o700] * 3
    files.make_directory(tmp_path / "a" / "b" / "c")


def test_a_file_in_the_way_of_a_folder_is_named(files: Files, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in ("file", "file/below"):
        with pytest.raises(GastownError, match="file"):
            files.make_directory(tmp_path / place)


def test_a_file_is_written_whole_and_private(files: Files, tmp_path: Path) -> None:
    place = tmp_path / "deep" / "note"
    files.write_text(place, "first")
    files.write_text(place, "zweite ✓\n")
    assert files.read_text(place) == "zweite ✓\n"
    assert mode(place) == 0o600
    assert [each.name for each in place.parent.iterdir()] == ["note"]


def test_a_launcher_may_be_run_by_its_owner_alone(files: Files, tmp_path: Path) -> None:
    files.write_text(tmp_path / "gt", "#!/bin/sh\n", executable=True)
    assert mode(tmp_path / "gt") == 0o700


def test_a_failed_write_keeps_the_old_file_and_leaves_no_litter(files: Files, tmp_path: Path) -> None:
    folder = tmp_path / "target"
    (folder / "full").mkdir(parents=True)
    with pytest.raises(GastownError, match="cannot write"):
        files.write_text(folder, "x")
    assert [each.name for each in tmp_path.iterdir()] == ["target"]
    assert (folder / "full").is_dir()


def test_lines_are_added_and_a_torn_one_is_ended_first(files: Files, tmp_path: Path) -> None:
    place = tmp_path / "deep" / "log.jsonl"
    files.append_line(place, "one")
    place.write_bytes(place.read_bytes() + b"torn")
    files.append_line(place, "three ü")
    assert place.read_text().splitlines() == ["one", "torn", "three ü"] and mode(place) == 0o600
    with pytest.raises(GastownError, match="in the way"):
        files.append_line(place / "below", "x")


def test_what_cannot_be_read_is_refused_plainly(files: Files, tmp_path: Path) -> None:
    (tmp_path / "long").write_text("x" * 11)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(NotFound):
        files.read_text(tmp_path / "missing")
    for name in ("long", "bytes", "."):
        with pytest.raises(BadInput):
            files.read_text(tmp_path / name, limit_bytes=10)
    assert files.read_text(tmp_path / "long", limit_bytes=11) == "x" * 11


def test_names_are_sorted_and_a_missing_folder_is_empty(files: Files, tmp_path: Path) -> None:
    for name in ("b", "a", ".hidden"):
        (tmp_path / name).touch()
    assert files.names(tmp_path) == (".hidden", "a", "b")
    assert files.names(tmp_path / "missing") == ()
    assert files.names(tmp_path / "a") == ()


def test_a_dangling_link_is_there(files: Files, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert files.exists(tmp_path / "link")
    assert not files.exists(tmp_path / "nowhere")


def test_only_what_lies_strictly_inside_is_removed(files: Files, tmp_path: Path) -> None:
    inside, outside = tmp_path / "town", tmp_path / "other"
    (inside / "rig" / "deep").mkdir(parents=True)
    outside.mkdir()
    for place in (inside, outside, tmp_path, inside / ".." / "other", inside / "rig" / ".." / ".."):
        with pytest.raises(Refused):
            files.remove_tree(place, inside=inside)
    files.remove_tree(inside / "rig", inside=inside)
    files.remove_tree(inside / "rig", inside=inside)
    assert list(inside.iterdir()) == []
    assert outside.is_dir()


def test_links_are_removed_and_never_followed(files: Files, tmp_path: Path) -> None:
    inside, outside = tmp_path / "town", tmp_path / "precious"
    (inside / "rig").mkdir(parents=True)
    outside.mkdir()
    (outside / "work").write_text("mine")
    (inside / "link").symlink_to(outside)
    (inside / "rig" / "link").symlink_to(outside)
    files.remove_tree(inside / "link", inside=inside)
    files.remove_tree(inside / "rig", inside=inside)
    assert (outside / "work").read_text() == "mine"
    with pytest.raises(Refused):
        (inside / "way").symlink_to(tmp_path)
        files.remove_tree(inside / "way" / "precious", inside=inside)
    assert outside.is_dir()


def test_a_ledger_is_set_up_once(files: Files, tmp_path: Path) -> None:
    files.create_ledger(tmp_path, prefix="ap")
    names = {"events.jsonl", "config.yaml", "metadata.json", ".gitignore", ".gitattributes"}
    assert names <= set(files.names(tmp_path / ".beads"))
    assert mode(tmp_path / ".beads") == 0o700
    with pytest.raises(Conflict):
        files.create_ledger(tmp_path, prefix="zz")
    assert '"prefix":"ap"' in (tmp_path / ".beads" / "events.jsonl").read_text()


def test_a_setting_changes_one_line_of_the_file(files: Files, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('# the town\nname = "gt"  # short\n\n[health]\n# patience\nquiet_s = 300\n')
    files.set_setting(file, "health.quiet_s", "12")
    assert file.read_text() == '# the town\nname = "gt"  # short\n\n[health]\n# patience\nquiet_s = 12\n'


@pytest.mark.parametrize(
    ("key", "value"), [("nope", "1"), ("health.quiet_s", "soon"), ("health", "1"), ("name.x", "1"), (".", "1")]
)
def test_a_wrong_setting_leaves_the_file_as_it_was(files: Files, tmp_path: Path, key: str, value: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('name = "gt"\n')
    with pytest.raises(BadInput):
        files.set_setting(file, key, value)
    assert file.read_text() == 'name = "gt"\n'


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(files: Files, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(GastownError, match="cannot"):
            files.write_text(tmp_path / "note", "x")
    finally:
        tmp_path.chmod(0o700)


def test_a_pipe_is_not_waited_for_unless_the_caller_handed_it_over(files: Files, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(BadInput, match="no regular file"):
            files.read_text(place)
    reading, writing = os.pipe()
    os.write(writing, b"handed over")
    os.close(writing)
    assert files.read_text(Path(f"/dev/fd/{reading}")) == "handed over"
    os.close(reading)
