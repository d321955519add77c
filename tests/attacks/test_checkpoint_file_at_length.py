"""The file of checkpoints grows for years: to sign the next one, the last is read, and it must be the log's own."""

import pytest

from hub import checkpointing
from hub.checkpoints import Invalid, split


def test_the_last_note_is_found_however_long_the_file_and_wherever_it_is_cut(place, monkeypatch):
    for _ in range(6):
        place.log(1)
        place.signed.make(place.store)
    content = place.signed.path.read_text("utf-8")
    last = split(content)[-1]
    for ending in (1, 3, len(last.encode()) - 1, len(last.encode()), len(last.encode()) + 2, 2 * len(last), 10**6):
        monkeypatch.setattr(checkpointing, "ENDING", ending)
        with place.signed.held() as file:
            assert checkpointing.last_note(file) == last
    place.log(1)
    place.signed.make(place.store)
    assert len(place.signed.notes()) == 10
    assert (place.world().hub(), place.world().alone()) == ("", "")


def test_a_note_is_found_by_what_it_counts_however_long_the_file(place, monkeypatch):
    for _ in range(40):
        place.log(1)
        place.signed.make(place.store)
    notes = place.signed.notes()
    counted = [int(each.splitlines()[1]) for each in notes]
    with place.signed.held() as file:
        for ending in (300, 700, 2000, 10**6):
            monkeypatch.setattr(checkpointing, "ENDING", ending)
            assert [checkpointing.note_of(file, size) for size in counted] == notes
            assert [checkpointing.note_of(file, size) for size in (0, 11, counted[-1] + 1)] == [""] * 3


def test_an_export_carries_the_last_note_alone(place):
    assert place.signed.needed() == place.signed.notes()[-1:]


def test_nothing_is_signed_after_a_last_note_that_is_cut_off_or_changed(place):
    place.log(1)
    whole = place.signed.path.read_text("utf-8")
    for forged in (whole[:-5], whole.replace(split(whole)[-1], split(whole)[-1].replace("time 2", "time 1"))):
        place.signed.path.write_text(forged, "utf-8")
        with pytest.raises(Invalid):
            place.signed.make(place.store)
    place.signed.path.write_text(whole, "utf-8")
    assert place.signed.make(place.store)
