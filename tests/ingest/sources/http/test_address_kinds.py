from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.http.address_kinds import AddressKind, judge_address

INNER = {
    "8.8.8.8": AddressKind.PUBLIC,
    "10.1.2.3": AddressKind.PRIVATE,
    "169.254.169.254": AddressKind.FORBIDDEN,
    "168.63.129.16": AddressKind.FORBIDDEN,
}
FORMS = [
    *("::{}", "::ffff:{}", "::ffff:0:{}", "64:ff9b::{}", "64:ff9b:1::{}"),
    *("2002:{hex}::", "2001:0:808:808:0:0:{inverse}", "2001:0:{hex}:0:0:f7f7:f7f7"),
    *("2606:4700::5efe:{}", "2606:4700::200:5efe:{}"),
]


def write(form: str, inner: str) -> str:
    number = int(ipaddress.IPv4Address(inner))
    pair, turned = number, number ^ 0xFFFFFFFF
    return form.format(
        inner,
        hex=f"{pair >> 16:x}:{pair & 0xFFFF:x}",
        inverse=f"{turned >> 16:x}:{turned & 0xFFFF:x}",
    )


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("form", FORMS)
def test_an_address_is_judged_by_the_one_inside(form: str, inner: str):
    assert judge_address(write(form, inner)) is INNER[inner]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("64:ff9b:1:a9fe:a9:fe00::", AddressKind.FORBIDDEN),
        ("64:ff9b:1:a9:fe:a9fe::", AddressKind.FORBIDDEN),
        ("64:ff9b:1:0:a9:fea9:fe00:0", AddressKind.FORBIDDEN),
        ("64:ff9b:1:808:8:800::", AddressKind.PUBLIC),
    ],
)
def test_a_local_nat64_may_place_it_further_ahead(address: str, kind: AddressKind):
    assert judge_address(address) is kind


@given(st.ip_addresses(v=4), st.sampled_from(FORMS[:5]))
def test_every_ipv4_address_is_the_same_in_a_coat(address, form: str):
    if int(address) > 1:  # `::` and `::1` are addresses of their own
        assert judge_address(write(form, str(address))) is judge_address(str(address))
