from __future__ import annotations

import re

import pytest

from benchmarks.faults.catalogue import FAULTS
from benchmarks.faults.tries import ENDED


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_each_fault_says_what_is_right(fault):
    assert fault.right
    assert fault.right <= ENDED - {"doubled"}
    assert re.compile(fault.words)
    assert fault.seconds > 0
