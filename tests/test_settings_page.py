"""The reference of settings is that of the code."""

from tests.handbook import rows, settings
from tests.settings_page import PAGE, build_page


def test_the_page_is_what_the_code_says():
    assert PAGE.read_text() == build_page(), "run `python -m tests.settings_page`"


def test_each_setting_has_one_row():
    assert sorted(row[0].strip("`") for row in rows(build_page())) == sorted(settings())
