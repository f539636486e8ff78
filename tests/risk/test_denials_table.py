"""The document of denial codes is made from the enum and is current."""

from pathlib import Path

from bot.risk.denials import DenialCode, denials_as_markdown

DOCUMENT = Path(__file__).parents[2] / "docs" / "denials.md"


def test_the_document_lists_the_codes_as_they_are() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == denials_as_markdown()


def test_every_code_is_its_own_name_with_a_meaning_and_a_remedy() -> None:
    for name, code in DenialCode.__members__.items():
        assert (code.value, bool(code.meaning), bool(code.remedy)) == (name, True, True)
