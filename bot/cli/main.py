"""``ibkr-bot``: the one command. A user's mistake ends in one line and an exit code, never in a traceback.

Heavy imports stay inside the commands that need them, so that ``--help`` is quick on a Raspberry Pi.
"""

from __future__ import annotations

import sys

import typer

from bot.cli import alert as alert_commands
from bot.cli import config as config_commands
from bot.cli import control
from bot.cli import data as data_commands
from bot.cli import doctor as doctor_commands
from bot.cli import history as history_commands
from bot.cli import parity as parity_command
from bot.cli import report as report_command
from bot.cli import run as run_commands
from bot.cli import sim as sim_command
from bot.domain.errors import BotError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="An Interactive Brokers options bot, with its own simulated gateway. Start with: ibkr-bot run",
)
app.command(name="run")(run_commands.run_command)
app.command(name="sim")(sim_command.sim)
app.command(name="parity")(parity_command.parity)
app.command(name="status")(control.status)
app.command(name="positions")(control.show_positions)
app.command(name="orders")(control.orders)
app.command(name="halt")(control.halt)
app.command(name="resume")(control.resume)
app.command(name="flatten")(control.flatten)
app.command(name="doctor")(doctor_commands.doctor)
app.command(name="what-if")(doctor_commands.what_if)
app.command(name="report")(report_command.report)
app.command(name="journal")(history_commands.journal)
app.command(name="why")(history_commands.why)
app.command(name="version")(history_commands.version)
config_app = typer.Typer(no_args_is_help=True, help="Look at the settings, and check them.")
config_app.command(name="show")(config_commands.show)
config_app.command(name="check")(config_commands.check_settings)
app.add_typer(config_app, name="config")
data_app = typer.Typer(no_args_is_help=True, help="Market data of one's own: fetch, import, list, check.")
data_app.command(name="import")(data_commands.import_)
data_app.command(name="list")(data_commands.list_)
data_app.command(name="check")(data_commands.check_data)
app.add_typer(data_app, name="data")
alert_app = typer.Typer(no_args_is_help=True, help="Test the alert channels.")
alert_app.command(name="test")(alert_commands.send_test)
app.add_typer(alert_app, name="alert")


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit codes: 0 well, 1 something outside is wrong, 2 usage, 78 configuration."""
    try:
        app(arguments)
    except BotError as error:
        sys.stderr.write(f"ibkr-bot: {error}\n")
        sys.exit(error.exit_code)
