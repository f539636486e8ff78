"""``ibkr-bot backtest``: the live machines over days of the past."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import ConfigOption, DataOption, JsonOption
from bot.cli.show.grid import grid_of
from bot.cli.show.page_file import check_place, write_page
from bot.cli.show.printer import printer
from bot.cli.show.sessions_bar import sessions_bar
from bot.domain.errors import FixTheCommand, FixTheConfiguration, FixTheMachine

if TYPE_CHECKING:
    from bot.backtest.plan import BacktestPlan
    from bot.backtest.report.day_table import DayBoard
    from bot.backtest.report.document import Report
    from bot.config import Settings
    from bot.ops.page.document import Chart
    from bot.sim.market.recorded.library import Library

SYNTHETIC_DAYS = 20
_MOST_EQUITY = 1_000_000_000_000
_Symbols = Annotated[str, typer.Option(help="Separated by commas; default symbols of the settings.")]
_From = Annotated[str, typer.Option("--from", metavar="DATE", help="First day; default the first there is.")]
_To = Annotated[str, typer.Option("--to", metavar="DATE", help="Last day; default the last there is.")]
_Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting for this run; repeat for more."),
]
_Equity = Annotated[str, typer.Option(metavar="USD", help="Cash at the start.")]
_Seed = Annotated[
    int, typer.Option(help="Of made-up markets and of --instants: the same seed gives the same days.")
]
_Synthetic = Annotated[bool, typer.Option("--synthetic", help="Made-up days instead of recorded ones.")]
_Halts = Annotated[
    str, typer.Option(metavar="resume|stay", help="A person resumes the next morning, or never.")
]
_Html = Annotated[Path | None, typer.Option("--html", help="Write a page, one file that needs nothing else.")]
_Lookahead = Annotated[
    bool, typer.Option("--check-lookahead", help="Change the future: no decision of the past may change.")
]
_Instants = Annotated[
    int | None,
    typer.Option(
        min=1, max=300, help="A day, of --check-lookahead; default 2, or 16 in all. Each costs half a day."
    ),
]
_Exact = Annotated[
    bool,
    typer.Option(
        "--exact/--fast",
        help="Every message, as live, and a check that the fast gear comes to the same; or only what matters.",
    ),
]
_Spreads = Annotated[bool, typer.Option("--spreads/--no-spreads", help="Repeat with spreads × 0.5 and × 2.")]


def backtest(
    symbols: _Symbols = "",
    first: _From = "",
    last: _To = "",
    changes: _Set = None,
    equity: _Equity = "50000",
    seed: _Seed = 1,
    synthetic: _Synthetic = False,
    halts: _Halts = "resume",
    html: _Html = None,
    exact: _Exact = False,
    spreads: _Spreads = True,
    check_lookahead: _Lookahead = False,
    instants: _Instants = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the bot would have traded: the very machines that trade, over stored or bundled days.

    Example: ibkr-bot backtest --from 2011-01-03 --to 2011-01-31 --set strategies.scalp.fast_ema=10 --html report.html
    """
    check_place(html)
    if instants is not None and not check_lookahead:
        raise FixTheCommand("--instants: of --check-lookahead alone; give that, too")
    settings = changed_settings(config, changes)
    library = library_of(data, settings)
    plan = make_plan(settings, library, symbols, first, last, equity, seed, halts, synthetic=synthetic)
    if check_lookahead:
        from bot.cli.show.lookahead import check_lookahead_of

        check_lookahead_of(plan, library, instants, as_json=as_json)
        return
    from bot.backtest.report.document import backtest_document

    board = _board_of(plan, library)
    report = _play(plan, library, board, exact=exact, spreads=spreads)
    if html is not None:
        write_page(html, backtest_document(report, _charts(report, library)))
    if as_json:
        from bot.backtest.report.plain import as_json_text

        typer.echo(as_json_text(report))
    else:
        if board is not None:
            _show_day(board, report.outcome.days[0].day)
        show_report(report)
        if html is not None:
            typer.echo(f"page: {html}")


def _board_of(plan: BacktestPlan, library: Library) -> DayBoard | None:
    """For a single day, which is shown as ``ibkr-bot run`` shows it."""
    from bot.backtest.exact.run import plan_stretches
    from bot.backtest.report.day_table import DayBoard

    days = sum(len(x.sessions) for x in plan_stretches(plan, library))
    return DayBoard.of(plan) if days == 1 else None


def _show_day(board: DayBoard, day: date) -> None:
    from bot.ops.status.day_outcome import print_simulated_day

    print_simulated_day(printer(), board.seen, day)


def _play(
    plan: BacktestPlan, library: Library, board: DayBoard | None, *, exact: bool, spreads: bool
) -> Report:
    from bot.backtest.exact.run import nobody
    from bot.backtest.spreads import play_report

    hear = nobody if board is None else board.hear
    return play_report(plan, library, sessions_bar, hear, is_exact=exact, has_spreads=spreads)


def make_plan(
    settings: Settings,
    library: Library,
    symbols: str,
    first: str,
    last: str,
    equity: str,
    seed: int,
    halts: str,
    *,
    synthetic: bool,
) -> BacktestPlan:
    """The plan that the options describe; FixTheCommand for what cannot be."""
    from bot.backtest.feed.library import days_to_play
    from bot.backtest.plan import BacktestPlan

    typed = (name.strip().upper() for name in symbols.split(","))
    names = tuple(dict.fromkeys(name for name in typed if name)) or settings.symbols
    if halts not in ("resume", "stay"):
        raise FixTheCommand(f"--halts {halts!r}: resume or stay is wanted")
    known = [] if synthetic else days_to_play(library, names)
    start, end = _span(_date("--from", first), _date("--to", last), known)
    settings = settings.model_copy(update={"symbols": names})
    return BacktestPlan(settings, names, start, end, _amount(equity), seed, synthetic, halts)  # type: ignore[arg-type]


def _span(first: date | None, last: date | None, known: list[date]) -> tuple[date, date]:
    """From the first to the last day that were typed, or that there are. FixTheCommand for no day between them."""
    start = first or (known[0] if known else date(2025, 1, 2))
    end = last or (known[-1] if known else _after(start))
    if end >= start:
        return start, end
    if first and last:
        raise FixTheCommand(f"--to {end} lies before --from {start}")
    there = (
        f"of these symbols there is {known[0]} to {known[-1]}" if known else f"made-up days begin on {start}"
    )
    raise FixTheCommand(f"{f'--from {first}' if first else f'--to {last}'}: nothing lies there; {there}")


def _after(start: date) -> date:
    from bot.domain.session import next_session

    day = start
    for _ in range(SYNTHETIC_DAYS):
        day = next_session(day).day
    return day


def changed_settings(config: Path | None, changes: list[str] | None) -> Settings:
    """The settings in force with ``--set`` on top; the broker is the simulated one, so nothing is a dry run."""
    from bot.config import load_settings
    from bot.config.complaints import known_key
    from bot.config.template import setting_keys

    variables = dict(os.environ) | as_simulated()
    given = set[str]()
    for change in changes or []:
        key, is_set, value = change.partition("=")
        key = known_key(f"--set {change}", key.strip() if is_set else "", "KEY=VALUE", setting_keys())
        refuse_fixed(f"--set {change}", key)
        if not value.strip():
            raise FixTheCommand(f"--set {change}: KEY=VALUE is wanted; null for no value")
        given.add(name := key.upper().replace(".", "__"))
        variables[name] = value.strip()
    try:
        return load_settings(config, variables)
    except FixTheConfiguration as error:
        said = f"{error}"
        for name in given:
            said = said.replace(f"from environment: {name})", "from --set)")
        raise FixTheConfiguration(said) from None


def refuse_fixed(given: str, key: str) -> None:
    """FixTheCommand for a setting that is the same in every backtest."""
    if key == "dry_run" or key.startswith("broker."):
        raise FixTheCommand(
            f"{given}: every backtest has the simulated broker and its orders; this setting has no say"
        )


def as_simulated() -> dict[str, str]:
    """Over the settings in force, so that those of a bot that trades real money serve for a backtest as they are."""
    from bot.sim.world.build import ACCOUNT_ID

    return {
        "BROKER__TRADING": "simulated",
        "BROKER__PORT": "4002",
        "BROKER__ACCOUNT": ACCOUNT_ID,
        "BROKER__LIVE_TRADING_CONFIRMED": "false",
        "DRY_RUN": "false",
    }


def library_of(data: Path | None, settings: Settings) -> Library:
    from bot.cli.data import stored_days

    if data is not None and not data.is_dir():
        raise FixTheMachine(f"--data {data}: there is no such folder")
    return stored_days(data or settings.data.directory)


# ── what people see ──


def show_report(report: Report) -> None:
    """The report on a terminal."""
    from bot.backtest.report.document import all_tables
    from bot.backtest.report.loud import loud_lines
    from bot.backtest.report.other_settings import other_settings_in_words

    console = printer()
    for table in all_tables(report):
        if table.rows:
            console.print(grid_of(table))
            console.print()
    out = report.outcome
    if out.still_open:
        console.print(f"still open at the end, at mid: {', '.join(out.still_open)}", highlight=False)
    if changed := other_settings_in_words(report.plan):
        console.print(f"settings not as shipped: {changed}", highlight=False, soft_wrap=True)
    for line in loud_lines(report):
        console.print(line, style="bold", highlight=False, soft_wrap=True)


def _charts(report: Report, library: Library) -> list[Chart]:
    """Minutes for a few days, hours for more."""
    from bot.backtest.feed.stretches import synthetic_tape
    from bot.backtest.report.document import chart

    plan, days = report.plan, [x.day for x in report.outcome.days]
    found = []
    for symbol in plan.symbols:
        known = days if plan.is_synthetic else sorted({*days} & {*library.sessions(symbol)})
        source = synthetic_tape(symbol, days[0], plan.seed).minutes if plan.is_synthetic else None
        minutes = [source(day) if source else library.minutes(symbol, day) for day in known]
        if minutes:
            found.append(chart(symbol, minutes))
    return found


def _date(option: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise FixTheCommand(f"{option} {text!r} is not a date; write it as in 2011-01-05") from None


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 1 <= amount <= _MOST_EQUITY:
        raise FixTheCommand(
            f"--equity: {text!r} is not an amount from 1 to {_MOST_EQUITY:,} USD, for instance 25000"
        )
    return amount
