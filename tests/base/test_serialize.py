"""JSON text: the same as json's own."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.serialize import to_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inside: (
        st.lists(inside) | st.tuples(inside, inside) | st.dictionaries(st.text(), inside)
    ),
)


@given(VALUES)
def test_json_is_what_json_writes_with_an_indent(content: Any) -> None:
    assert to_json(content) == json.dumps(content, indent=2, ensure_ascii=False)
