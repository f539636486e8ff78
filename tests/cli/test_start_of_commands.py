"""A command is found, quick and honest about itself: what is known of it without importing it is what it says of itself."""

from __future__ import annotations

import importlib
import inspect
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic_core import SchemaValidator, core_schema

from bot.cli.commands import CLI_COMMANDS, CLI_GROUPS
from bot.cli.main import INTERRUPTED, main
from bot.cli.options import JOURNAL_NAME
from bot.config import load_settings
from bot.config.where import place
from bot.domain.errors import FixTheConfiguration
from bot.journal import store

ROOT = Path(__file__).parents[2]
HEAVY = ("pydantic", "ib_insync", "pandas", "apprise", "QuantLib", "numpy")


@pytest.mark.parametrize("name", CLI_COMMANDS)
def test_the_list_says_of_a_command_what_it_says_itself(name: str) -> None:
    words = inspect.getdoc(CLI_COMMANDS[name].load())
    assert words is not None
    assert words.split("\n\n")[0].replace("\n", " ") == CLI_COMMANDS[name].help != ""
    assert "Example" in words


def test_the_help_of_no_command_imports_anything_heavy() -> None:
    code = (
        "import sys\n"
        "from bot.cli.commands import CLI_COMMANDS, CLI_GROUPS\n"
        "for command in (*CLI_COMMANDS.values(), *(one for _, group in CLI_GROUPS.values() for one in group.values())):\n"
        "    command.load()\n"
        f"print(*[name for name in {(*HEAVY, 'rich', 'loguru', 'asyncio', 'msgspec', 'yaml')!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_every_command_of_a_group_can_be_loaded() -> None:
    for _, commands in CLI_GROUPS.values():
        assert all(callable(command.load()) for command in commands.values())


def test_looking_imports_nothing_heavy() -> None:
    """One process looks at everything: what one look imports is found behind it."""
    looks = [["--help"], ["status", "--help"], ["status"], ["halt", "--help"], ["why", "SPY", "--help"]]
    code = (
        "import sys\n"
        "from bot.cli.main import main\n"
        f"for look in {looks!r}:\n"
        "    try:\n        main(look)\n    except SystemExit:\n        pass\n"
        f"    print('HEAVY', look, [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    told = [line for line in done.stdout.splitlines() if line.startswith("HEAVY")]
    assert told == [f"HEAVY {look} []" for look in looks]


def _loaded_by(code: str) -> set[str]:
    """Every module that a process of its own has loaded when it has run this."""
    program = f"import sys\n{code}\nprint('LOADED', *sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_what_trades_loads_nothing_that_speaks_https_or_to_prometheus() -> None:
    loaded = _loaded_by(
        "from bot.daemon import _leave_out\n"
        "_leave_out('ssl', 'asyncio')\n_leave_out('_hashlib', 'hashlib')\n"
        "import bot.app, bot.broker.ibkr\n"
        "from bot.broker.connection.library import load_library\nload_library('ib_insync')"
    )
    assert "ib_insync" in loaded
    assert not {"prometheus_client", "http.client", "urllib.request", "ssl", "_ssl", "_hashlib"} & loaded


def test_reading_the_settings_loads_nothing_that_only_a_running_bot_needs() -> None:
    loaded = _loaded_by("from bot.config import load_settings\nload_settings(variables={})")
    needless = {"loguru", "pykka", "prometheus_client", "apprise"}
    machines = {"bot.market_data.machine", "bot.ops.alerts.conditions", "bot.config.hand_down"}
    assert loaded & (needless | machines) == set()


def test_the_shipped_settings_are_read_by_the_quick_parser_where_it_is_installed() -> None:
    code = "from bot.config import load_settings\nfrom yaml.scanner import Scanner\nScanner.fetch_more_tokens = None\n"
    assert "bot.config.load" in _loaded_by(f"{code}load_settings(variables={{}})")


# ── where the state is ──

FILES = (
    "",
    "journal:\n  directory: there\n",
    "journal:\n  directory: ~/x\nbroker: {embedded_gateway: off, port: 4002}\n",
)
DOTENVS = ("", "JOURNAL__DIRECTORY=from-dotenv\nBROKER__EMBEDDED_GATEWAY=0\n", "JOURNAL__DIRECTORY=\n")
VARIABLES: tuple[dict[str, str], ...] = (
    {},
    {"JOURNAL__DIRECTORY": "from-environment"},
    {"journal__directory": "", "BROKER__EMBEDDED_GATEWAY": "no"},
    {"BROKER__TRADING": "Paper", "DRY_RUN": "true"},
)


@pytest.mark.parametrize("text", FILES)
@pytest.mark.parametrize("dotenv", DOTENVS)
@pytest.mark.parametrize("variables", VARIABLES)
def test_the_state_is_where_the_whole_settings_say(
    tmp_path: Path, text: str, dotenv: str, variables: dict[str, str]
) -> None:
    file, env = tmp_path / "settings.yaml", tmp_path / ".env"
    file.write_text(text)
    env.write_text(dotenv)
    found, whole = place(file, variables, env), load_settings(file, variables, env)
    assert found.directory == whole.journal.directory
    is_own = whole.broker.trading == "simulated" and whole.broker.embedded_gateway
    assert found.has_days_of_its_own is is_own


def test_a_file_that_is_not_there_or_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FixTheConfiguration, match="no such file"):
        place(tmp_path / "none.yaml", {})
    broken = tmp_path / "broken.yaml"
    broken.write_text("journal: [")
    with pytest.raises(FixTheConfiguration, match=r"broken\.yaml: line"):
        place(broken, {})


def test_the_journal_s_name_is_one() -> None:
    assert JOURNAL_NAME == store.JOURNAL_FILE


def test_a_command_without_a_bot_says_so_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "status", "--state", str(tmp_path)],
        capture_output=True, text=True, check=False, env=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no bot is running" in done.stderr


def test_the_entry_point_alone_imports_next_to_nothing_so_that_an_early_ctrl_c_is_caught() -> None:
    code = "import sys; before = set(sys.modules); from bot.cli.main import main; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "typer" not in done.stdout.split()
    assert "bot.cli.commands" not in done.stdout.split()


@pytest.mark.parametrize(
    ("file", "name", "module"),
    [
        ("bot/__main__.py", "ibkr-bot", "bot.cli"),
        ("bot/__main__.py", "ibkr-bot", "bot.cli.main"),
        ("bot/__main__.py", "ibkr-bot", "bot.daemon"),
        ("bot/__main__.py", "ibkr-bot", "typer"),
        ("bot/guard/__main__.py", "ibkr-guard", "bot.guard.cli"),
        ("bot/guard/__main__.py", "ibkr-guard", "typer"),
    ],
)
def test_ctrl_c_during_a_command_s_own_imports_is_one_line(file: str, name: str, module: str) -> None:
    typed = (
        "import runpy, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Pressed:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Pressed())\n"
        f"sys.argv = [{name!r}, 'status', '--help']\n"
        f"runpy.run_path({file!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", typed], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (INTERRUPTED, f"{name}: stopped\n")


@pytest.mark.parametrize(
    ("program", "arguments", "code"),
    [
        ("bot.cli.main", ("formats",), 0),
        ("bot.cli.main", ("--help",), 0),
        ("bot.cli.main", ("sim", "--compare", "none"), None),
        ("bot.guard.cli", ("check", "--limits", "configs/guard.yaml"), 0),
        ("bot.guard.cli", ("status", "--state", "none"), None),
    ],
)
def test_ctrl_c_while_the_interpreter_ends_changes_nothing(
    program: str, arguments: tuple[str, ...], code: int | None
) -> None:
    typed = (
        "import atexit, importlib, os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        f"importlib.import_module({program!r}).main()"
    )
    run = [sys.executable, "-c", typed, *arguments]
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode in ((1, 2, 78) if code is None else (code,)), done
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "room", "said"),
    [
        (["data", "list"], "bot.cli.data", "ibkr-bot: stopped\n"),
        (
            ["data", "fetch", "SPY", "--from", "2024-01-02"],
            "bot.cli.fetch",
            "the same command goes on from here\n",
        ),
    ],
)
def test_ctrl_c_in_a_command_is_answered_in_one_line(
    arguments: list[str],
    room: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def pressed(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(importlib.import_module(room), "open_store", pressed)

    with pytest.raises(SystemExit) as ended:
        main(arguments)

    err = capfd.readouterr().err
    assert ended.value.code == INTERRUPTED
    assert err.endswith(said)
    assert err.count("\n") == 1


def _while_a_class_is_built() -> None:
    class Pressed:
        def __set_name__(self, *_: object) -> None:
            signal.raise_signal(signal.SIGINT)

    try:
        type("Built", (), {"part": Pressed()})
    except KeyboardInterrupt as error:  # from 3.12 on it stays what it is
        raise RuntimeError from error


def _while_a_model_is_built() -> None:
    class Pressed:
        @property
        def value(self) -> None:
            signal.raise_signal(signal.SIGINT)

    SchemaValidator(core_schema.enum_schema(Pressed, [Pressed()]))


@pytest.mark.parametrize("becomes_another", [_while_a_class_is_built, _while_a_model_is_built])
def test_ctrl_c_that_somebody_has_made_another_error_of_is_one_line(
    becomes_another: Callable[[], None], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def pressed(*_: object) -> None:
        becomes_another()

    monkeypatch.setattr(importlib.import_module("bot.cli.data"), "open_store", pressed)

    with pytest.raises(SystemExit) as ended:
        main(["data", "list"])

    assert ended.value.code == INTERRUPTED
    assert capfd.readouterr().err == "ibkr-bot: stopped\n"


def test_ctrl_c_while_python_clears_up_behind_an_import_ends_the_command() -> None:
    typed = (
        "import signal, sys, weakref\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Lock: pass\n"
        "def cleared(_): signal.raise_signal(signal.SIGINT)\n"
        "cleared.__module__ = 'importlib._bootstrap'\n"
        "class Pressed:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'bot.cli.commands':\n"
        "            lock = Lock()\n"
        "            kept = weakref.ref(lock, cleared)\n"
        "            del lock\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "sys.argv = ['ibkr-bot', 'formats']\n"
        "from bot.cli.main import main\n"
        "main()"
    )
    run = [sys.executable, "-c", typed]
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, "", "ibkr-bot: stopped\n")
