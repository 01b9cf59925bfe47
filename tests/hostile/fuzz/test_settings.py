"""Settings: any value of a variable is read, or refused in one sentence that names it."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import SettingsError
from rag_core.settings import Settings
from tests.handbook import SETTINGS_CLASSES
from tests.hostile.fuzz.inputs import MARKDOWN, texts

values = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])) | (
    texts(
        MARKDOWN,
        ["1", "-1", "true", "U1", "C1", ",", "0 3 * * *", "every ", "30m", "[", "{", "~"],
        size=5,
    )
)


@pytest.mark.parametrize("room", SETTINGS_CLASSES)
@given(data=st.data())
def test_a_value_is_read_or_refused(room: type[Settings], data: st.DataObject):
    names = [room.get_variable_name(field) for field in room.model_fields]
    chosen = data.draw(st.dictionaries(st.sampled_from(names), values, max_size=3))
    chosen = {name: value.replace("\0", "") for name, value in chosen.items()}
    with mock.patch.dict(os.environ, chosen):
        said = ""
        try:
            loaded = room.load()
            assert isinstance(getattr(loaded, "milvus_path", None), Path | None)
            assert isinstance(getattr(loaded, "resolved_state_url", ""), str)
        except SettingsError as error:
            said = str(error)
    assert not said or any(name in said for name in chosen)
