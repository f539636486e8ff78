"""What a stop lost against what it was sized to lose, over the bundled days, and the document that says so."""

from __future__ import annotations

import pytest

from docs import measure, risk_examples


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_measured_document_is_current_and_stops_lose_what_they_were_sized_to_lose() -> None:
    found = measure.record_of_all_days()
    ratios = [ratio for one in found for ratio in one.loss_to_risk]

    assert measure.DOCUMENT.read_text(encoding="utf-8") == measure.as_markdown(found), "run: make measure"
    assert len(ratios) >= 10
    assert sorted(ratios)[len(ratios) // 2] <= 1.0
    assert sum(ratio > 1.15 for ratio in ratios) <= 0.05 * len(ratios)


def test_the_worked_examples_buy_one_five_and_ten_contracts() -> None:
    table = risk_examples.as_markdown()

    assert [row.split("**")[1] for row in table.splitlines() if "**" in row] == ["1", "5", "10"]
    assert "0.98% |" in table
