"""The document of denial codes is made from the enum and is current."""

import re
from pathlib import Path

from bot.config.template import setting_keys
from bot.risk.denials import DenialCode, denials_as_markdown
from bot.selection.no_contract import NoContractCode, no_contracts_as_markdown

DOCUMENT = Path(__file__).parents[2] / "docs" / "denials.md"


def test_the_document_lists_the_codes_as_they_are() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == denials_as_markdown() + no_contracts_as_markdown()


def test_every_code_is_its_own_name_with_a_meaning_and_a_remedy() -> None:
    for name, code in (DenialCode.__members__ | NoContractCode.__members__).items():
        assert (code.value, bool(code.meaning), bool(code.remedy)) == (name, True, True)


def test_every_setting_that_a_remedy_names_is_one() -> None:
    known = setting_keys()
    named = {
        word
        for code in (*DenialCode, *NoContractCode)
        for word in re.findall(r"`([a-z_]+\.[a-z_.]+)`", code.remedy)
    }

    assert len(named) > 20
    assert {x for x in named if x not in known and not any(key.startswith(f"{x}.") for key in known)} == set()
