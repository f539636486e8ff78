"""``ibkr-bot sweep``: many settings over the same days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.backtest import as_simulated, changed_settings, library_of, make_plan
from bot.cli.options import ConfigOption, DataOption, JsonOption, finite
from bot.cli.show.grid import grid_of
from bot.cli.show.page_file import check_place, write_page
from bot.cli.show.printer import printer
from bot.cli.show.sessions_bar import sessions_bar
from bot.domain.errors import FixTheCommand

if TYPE_CHECKING:
    from bot.backtest.plan import BacktestPlan
    from bot.backtest.sweep.results import Results
    from bot.backtest.sweep.space import Changes
    from bot.backtest.sweep.table import Swept
    from bot.backtest.sweep.trial import Job, Trial
    from bot.backtest.sweep.walk_forward import Fold
    from bot.ops.page.document import Table
    from bot.sim.market.recorded.library import Library

_Grid = Annotated[
    list[str],
    typer.Option("--grid", metavar="KEY=5,8|KEY=1:9:2", help="Values of a setting; repeat for more."),
]
_Draw = Annotated[int, typer.Option(min=0, help="Try so many combinations, drawn from the grid; 0: all.")]
_Search = Annotated[
    int,
    typer.Option(min=0, help="Try so many, chosen by what the ones before brought (Optuna); 0: no search."),
]
_Out = Annotated[
    float,
    typer.Option(
        "--out-of-sample", min=0.0, max=0.9, callback=finite, help="Last part of the days, kept back."
    ),
]
_Folds = Annotated[
    int,
    typer.Option(
        min=0, help="Walk forward: choose by all days so far, take the next; so many times; 0: not."
    ),
]
_Workers = Annotated[int, typer.Option(min=0, help="Processes; 0: one a processor.")]
_Scheduler = Annotated[str, typer.Option(metavar="tcp://HOST:PORT", help="A Dask scheduler instead.")]
_Results = Annotated[
    Path, typer.Option(help="Where each result is kept; the same file goes on where it was.")
]
_Top = Annotated[int, typer.Option(min=1, help="Rows shown.")]
_Html = Annotated[Path | None, typer.Option("--html", help="Write the tables as a page.")]


def sweep(
    grid: _Grid,
    draw: _Draw = 0,
    search: _Search = 0,
    symbols: str = "",
    first: Annotated[str, typer.Option("--from", metavar="DATE")] = "",
    last: Annotated[str, typer.Option("--to", metavar="DATE")] = "",
    equity: str = "50000",
    seed: int = 1,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="Made-up days.")] = False,
    halts: str = "resume",
    out_of_sample: _Out = 0.3,
    folds: _Folds = 0,
    workers: _Workers = 0,
    scheduler: _Scheduler = "",
    results: _Results = Path("sweep.jsonl"),
    top: _Top = 15,
    html: _Html = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try combinations of settings; ranked by the first days, shown beside the rest, with what luck alone would reach.

    Example: ibkr-bot sweep --grid strategies.scalp.fast_ema=5,8,13 --grid risk.take_profit_pct=0.2:0.6:0.2
    """
    from bot.backtest.sweep.results import Results
    from bot.backtest.sweep.search import search as search_among
    from bot.backtest.sweep.workers import crew_of, run_sweep

    check_place(html)
    settings = changed_settings(config, None)
    library = library_of(data, settings)
    plan = make_plan(settings, library, symbols, first, last, equity, seed, halts, synthetic=synthetic)
    _check_possible(draw, search, folds, plan, library)
    job = _job(plan, config, data or settings.data.directory)
    wanted = () if search else _wanted(grid, draw, seed)
    crew = crew_of(job, workers, scheduler, lambda line: typer.echo(line, err=True))
    with Results(results, job) as kept, _told_where_it_stands(kept), closing(crew):
        done = min(search, len(kept.known)) if search else len(kept.known.keys() & {*wanted})
        with sessions_bar(search or len(wanted), "combinations", done) as step:

            def run(some: Sequence[Changes]) -> list[Trial]:
                return run_sweep(some, kept, crew, step)

            trials = search_among(_axes(grid), search, seed, out_of_sample, run) if search else run(wanted)
    swept, steps = _judged(trials, out_of_sample, folds)
    if as_json:
        _tell_plainly(swept, steps, plan, out_of_sample, job)
    _tell(swept, _tables(swept, top, steps), plan, html, is_shown=not as_json)


def _check_possible(draw: int, search: int, folds: int, plan: BacktestPlan, library: Library) -> None:
    """Before anything is played, not after all of it."""
    from bot.backtest.exact.run import plan_stretches

    if draw and search:
        raise FixTheCommand("--draw and --search are two ways to choose: give one of them")
    days, needed = sum(len(x.sessions) for x in plan_stretches(plan, library)), 2 * (folds + 1)
    if folds and days < needed:
        raise FixTheCommand(
            f"--folds {folds}: {needed} days are needed, two for each and two before the first, and there are {days}"
        )


@contextmanager
def _told_where_it_stands(kept: Results) -> Iterator[None]:
    """A person who stops a sweep is told that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"{len(kept.known):,} combinations are in {kept.path}; the same command goes on", err=True)
        raise


def _tell(
    swept: Swept, tables: tuple[Table, ...], plan: BacktestPlan, html: Path | None, *, is_shown: bool
) -> None:
    if is_shown:
        _show(swept, tables)
    if html is not None:
        _write_page(html, swept, tables, plan)


def _tell_plainly(
    swept: Swept, steps: tuple[Fold, ...], plan: BacktestPlan, out_of_sample: float, job: Job
) -> None:
    from bot.backtest.sweep.plain import as_json_text
    from bot.backtest.sweep.results import mark

    typer.echo(as_json_text(swept, steps, plan, out_of_sample, mark(job)))


def _judged(trials: Sequence[Trial], out_of_sample: float, folds: int) -> tuple[Swept, tuple[Fold, ...]]:
    from bot.backtest.sweep.table import judge_sweep
    from bot.backtest.sweep.walk_forward import walk_forward

    swept = judge_sweep(trials, out_of_sample)
    if not swept.ranked:
        raise FixTheCommand(f"no combination is possible; the first: {swept.refused[0].error}")
    return swept, walk_forward(swept.ranked, folds)


def _tables(swept: Swept, top: int, steps: tuple[Fold, ...]) -> tuple[Table, ...]:
    from bot.backtest.sweep.table import refused_table, sweep_table
    from bot.backtest.sweep.walk_forward import walk_forward_table

    found = (sweep_table(swept, top), refused_table(swept, top), walk_forward_table(steps))
    return tuple(x for x in found if x is not None)


def _maps(swept: Swept) -> tuple[Table, ...]:
    """What the page shows in colours."""
    from bot.backtest.sweep.table import heat_map

    found = heat_map(swept)
    return () if found is None else (found,)


def _wanted(axes: list[str], count: int, seed: int) -> tuple[Changes, ...]:
    from bot.backtest.sweep.space import draw as draw_from
    from bot.backtest.sweep.space import grid as grid_over

    read = _axes(axes)
    return draw_from(read, count, seed) if count else grid_over(read)


def _axes(texts: list[str]) -> list[tuple[str, tuple[str, ...]]]:
    from bot.backtest.sweep.space import read_axis
    from bot.config.template import setting_keys

    known = setting_keys()
    read = [read_axis(text, known) for text in texts]
    for key, _ in read:
        _check_has_a_say(key)
    if len({key for key, _ in read}) < len(read):
        raise FixTheCommand("--grid: a key is given twice; put its values in one")
    return read


def _check_has_a_say(key: str) -> None:
    from bot.config.deciding import is_tried

    if key == "symbols":
        raise FixTheCommand("--grid symbols: every combination plays the same ones; name them with --symbols")
    if not is_tried(key):
        raise FixTheCommand(f"--grid {key}: no decision of a backtest hangs on it")


def _job(plan: BacktestPlan, config: Path | None, data: Path) -> Job:
    from bot.backtest.sweep.trial import Job
    from bot.config.load import plain_variables
    from bot.config.where import DEFAULT_FILE

    file = config or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    return Job(
        None if file is None else file.resolve(),
        tuple(sorted((plain_variables() | as_simulated()).items())),
        data.resolve() if (data / "bars_1m").is_dir() else None,
        plan.symbols,
        plan.first,
        plan.last,
        plan.equity,
        plan.seed,
        plan.is_synthetic,
        plan.halts,
    )


def _show(swept: Swept, tables: Sequence[Table]) -> None:
    from bot.backtest.sweep.table import worth_in_words

    console = printer()
    for table in (*tables, *_maps(swept)):
        console.print(grid_of(table))
    console.print(worth_in_words(swept), style="bold", highlight=False, soft_wrap=True)


def _write_page(path: Path, swept: Swept, tables: tuple[Table, ...], plan: BacktestPlan) -> None:
    from bot.backtest.sweep.figures import heat_maps, parallel
    from bot.backtest.sweep.table import worth_in_words
    from bot.domain.session import session_on
    from bot.ops.page.document import Document, PageVerdict, Source

    end = session_on(plan.last)
    page = Document(
        kind="backtest",
        title=f"Sweep {' '.join(plan.symbols)}, {plan.first} to {plan.last}",
        at=None if end is None else end.close,
        verdict=PageVerdict("plain", f"{len(swept.ranked)} tried", worth_in_words(swept)),
        source=Source(trading="simulated", symbols=plan.symbols),
        tables=tables,
        parallels=parallel(swept),
        heat_maps=heat_maps(swept),
    )
    write_page(path, page)
