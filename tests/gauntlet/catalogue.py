"""What the scorecard must answer for: every incident, in the order of its number, and the tests that answer for it.

A scenario of the gauntlet names its incidents itself, by its mark. Here are the incidents in words, and, where no wire
is involved, the tests elsewhere that prove them: they are run with the gauntlet, never copied.
"""

from __future__ import annotations

from typing import Final

INCIDENTS: Final[dict[str, str]] = {
    "G1": "a historical request hangs and ends in an empty list",
    "G2": "an exception in a machine is swallowed",
    "G3": "streaming subscriptions are never cancelled and the gateway overflows",
    "G4": "strikes × expirations include pairs that do not exist",
    "G5": "an option is quoted by its symbol and the stock's price becomes the premium",
    "G6": "multiplier, currency or volume is missing and taken for zero",
    "G7": "a premium of NaN or -1 makes a size of at least one",
    "G8": "the size ignores the multiplier of 100",
    "G9": "a bearish signal sells the option short",
    "G10": "the whale never fires: its own last bar is in the high",
    "G11": "an emulated stop sells on a missing quote, works in a dry run, dies with the process",
    "G12": "the stop is not a stop, and nobody looks",
    "G13": "error 201 is retried for ever, or its kinds are confused",
    "G14": "a code marks a live order cancelled",
    "G15": "a missing entitlement shows as empty quotes for days",
    "G16": "the client id is in use after an unclean exit",
    "G17": "the old code keeps running after a deploy",
    "G18": "several instances run at once",
    "G19": "the port is open and nobody shakes hands",
    "G20": "the client library is called from another thread",
    "G21": "a signal while connecting, or SIGTERM, loses state",
    "G22": "trading on holidays, weekends and after the end of half-days",
    "G23": "halt, daily loss and debounce are forgotten on restart; a missing equity switches the guard off",
    "G24": "the nightly gateway restart: socket, order ids, working orders",
    "G25": "a server reset loses fills for ever",
    "G26": "a farm blip leaves feeds dead for hours",
    "G27": "a modification leaves two live orders",
    "G28": "partial entry and stop; both exits; cancel before fill",
    "G29": "messages missing, doubled, out of order; executions corrected; commissions late or never",
    "G30": "an empty or failed answer is read as flat",
    "G31": "pacing violations",
    "G32": "competing session, delayed data, frozen prices",
    "G33": "full disk, read-only card, torn journal",
    "G34": "clock skew, change of clocks, a gateway in another zone",
    "G35": "the gateway died at the weekend and nobody knew until Monday",
    "G36": "SIGKILL between any two steps of the order path",
    "G37": "an assignment or a trade by hand appears as a position",
    "G38": "80 % risk per trade passes validation",
    "G39": "closing orders are refused, and the bot cancels its own stop",
    "G40": "nobody bids when an exit is due",
    "G41": "a stop that another hand moved to 0.01 counts as protection",
    "G42": "stops are refused all night, and nobody is told that nothing protects",
    "G43": "a halt that is no UTF-8 ends the bot at every start",
    "G44": "two bots on one state directory, and halt reaches one",
    "G45": "a simulated clock is accepted where real money trades",
    "G46": "the clock jumps an hour and the position is sold as a time stop",
    "G47": "a fraction, a converted currency or a linked account's order ends the bot",
    "G48": "one refused entry counts three times and latches a halt",
    "G49": "an account in another currency is read as dollars",
    "G50": "an alert with an angle bracket is sent as broken HTML, and too long",
    "G51": "of two contracts for one strike the first is bought",
    "G52": "a machine without a battery starts hours off, and the halt stays",
    "G53": "an execution's time in UTC is read in the gateway's zone",
    "G54": "a trading halt is ignored and bought into",
    "G55": "a forming bar of the back-fill is taken as closed, and the true one dropped",
    "G56": "a restart in mid-session changes what the strategy sees",
    "G57": "the whale's signal at the close is denied and its debounce is spent",
    "G58": "a halt before the first paper start goes into the last simulated day",
    "G59": "an empty journal or a garbled row opens as if whole, the halt forgotten",
    "G60": "a journal of years: reads and starts grow with its age",
    "G61": "a full disk: tracebacks, and an alert that is put after the commit that fails",
    "G62": "one unknown status or short message restarts the line",
    "G63": "1 % risk loses 1.7 %: spread, fees, a stop triggered by the ask",
    "G64": "five losses in a row latch a halt 26 times a year",
    "G65": "a run that failed says no trades and nothing else",
    "G66": "account values that stopped are restamped as new",
    "G67": "two bots on one gateway book each other's fills",
    "G68": "a password that ends in a backslash swallows the line that says paper",
    "G69": "commissions are counted again at each reconnect",
    "G70": "a changed setting restarts the bot in the session, a position open, unasked",
    "G71": "a fill under an unknown order id is booked on another order",
    "G72": "orders and cancels of the restart's own second are lost",
    "G73": "no second factor is asked on Sunday, and a gateway without a log-in counts as well",
    "G74": "the bot's host dies with an entry resting, and it is filled hours later",
    "G75": "a roll-back lands on a build that refuses the newer journal",
    "G76": "an alert that cannot be sent for a minute is thrown away",
    "G78": "one garbled answer ends the heartbeat for good",
    "G77": "a close that only IB knows: entries to the last minute, refused exits, naked overnight",
    "G79": "an expired option that is still listed latches a halt",
    "G80": "the clock is set back an hour and the time stop comes an hour late",
    "G81": "the calendar's table ends, and the line fails at every start",
    "G83": "a card that stalls for seconds ends the process, and a ping is blamed",
    "G82": "a renamed option is not named, nor that it has no stop",
}

_B, _X, _R, _S = (
    "tests/broker/",
    "tests/execution/test_incidents_protection.py::",
    "tests/risk/",
    "tests/selection/",
)
_MD, _CF, _J = "tests/market_data/test_machine.py::", "tests/config/", "tests/journal/test_store.py::"

_Y = "tests/execution/test_incidents_refused_exits.py::"

_O = "tests/ops/"

_START = "tests/live_line/test_start_anywhere.py::test_a_bot_that_starts_at_any_minute_"

PROOFS: Final[dict[str, tuple[str, ...]]] = {
    "G1": (
        _B + "data/test_data.py::test_a_hanging_history_request_is_asked_again_and_then_told",
        _B + "data/test_data.py::test_an_empty_history_is_not_an_answer",
    ),
    "G2": (
        "tests/actors/test_runtime.py::test_an_exception_in_a_machine_is_told_with_the_message_that_caused_it",
    ),
    "G3": (
        _MD + "test_the_watched_lines_follow_the_money_and_never_grow_over_a_thousand_recentrings",
        _B + "data/test_subscriptions.py::test_nothing_is_left_behind_by_a_thousand_re_centrings",
        _B + "test_faults.py::test_re_centrings_leave_no_line_behind_at_the_gateway",
    ),
    "G4": (
        _B + "data/test_data.py::test_pairs_that_do_not_exist_are_absent",
        _B + "test_contract.py::test_the_chain_is_a_superset_of_what_exists",
        _MD + "test_only_strikes_that_are_real_for_the_expiry_are_watched_around_the_money",
    ),
    "G5": (
        _S + "test_choose.py::test_a_stocks_price_in_place_of_a_premium_is_refused",
        _B + "test_contract.py::test_a_stock_and_an_option_are_quoted_by_con_id",
    ),
    "G6": (
        _B + "test_contract.py::test_a_qualified_option_is_complete",
        _B + "data/test_quotes.py::test_a_quote_that_was_never_given_is_unknown_and_not_zero",
    ),
    "G7": (_S + "test_choose.py::test_what_is_missing_is_named", _R + "test_sizing.py"),
    "G8": (_R + "test_sizing.py::test_a_stop_costs_the_way_to_the_bid_below_it_and_the_fees_of_both_orders",),
    "G10": ("tests/strategies/test_against_reference.py",),
    "G12": (
        _X + "test_a_stop_that_the_broker_shows_as_another_type_is_no_protection",
        _X + "test_a_stop_priced_off_the_stock_is_no_protection",
        _X + "test_a_stop_that_a_preset_turned_into_a_day_order_is_flagged_and_trading_halts",
    ),
    "G13": (_B + "connection/test_error_codes.py::test_a_rejection_is_told_apart_by_its_text",),
    "G14": (
        _B + "connection/test_error_codes.py",
        _B + "orders/test_lying_codes.py::test_news_of_a_live_order_says_nothing_of_its_end",
    ),
    "G15": (_B + "data/test_quote_streams.py::test_unpaid_data_fall_back_to_delayed_and_say_so",),
    "G16": (_B + "connection/test_session.py::test_a_client_id_in_use_is_waited_for_with_the_same_id",),
    "G17": ("tests/ops/metrics/test_metrics.py::test_the_build_that_runs_can_be_read",),
    "G19": (
        _B + "connection/test_session.py::test_ways_to_fail_are_told_apart",
        "tests/doctor/test_shut_doors.py",
    ),
    "G20": (_B + "connection/test_io_thread.py",),
    "G22": ("tests/domain/test_session.py", _R + "test_session_rules.py"),
    "G23": (
        _R + "test_restart.py",
        "tests/strategies/test_strategies.py::test_the_whale_repeats_nothing_after_a_restart",
    ),
    "G31": (_B + "connection/test_pacing.py",),
    "G33": (
        _J + "test_a_torn_journal_keeps_every_row_that_can_be_read_in_order_and_is_set_aside",
        _J + "test_a_file_that_never_was_a_journal_is_set_aside_and_a_new_one_begun",
    ),
    "G34": (
        "tests/domain/test_session.py::test_the_open_moves_by_an_hour_in_utc_when_the_clocks_change",
        _R + "test_guard_latch.py::test_a_clock_that_is_off_halts_and_one_off_from_the_start_lifts_itself",
        _R + "test_session_rules.py::test_an_embargo_follows_the_clock_change_of_its_own_zone",
    ),
    "G35": (
        "tests/ops/alerts/test_alerts.py::test_the_log_in_is_due_twelve_hours_and_one_hour_before_it_expires",
        "tests/ops/process/test_heartbeat.py::test_a_sick_bot_is_silent_and_pings_as_soon_as_it_is_well",
    ),
    "G36": ("tests/execution/test_kill_matrix.py",),
    "G40": (_Y + "test_a_market_order_that_nobody_takes_gives_way_to_a_limit_that_stays_at_the_broker",),
    "G47": (
        _B + "orders/test_set_aside.py::test_a_foreign_position_is_kept_told_once_and_the_snapshot_is_whole",
        "tests/doctor/test_behind_the_door.py::test_what_the_account_holds_and_the_bot_leaves_alone_is_listed_with_the_reason",
    ),
    "G48": (_R + "test_guard.py::test_one_refused_idea_counts_once_whatever_is_said_of_its_children",),
    "G49": (
        _B
        + "translate/test_translate.py::test_an_account_in_another_currency_is_told_in_dollars_or_not_at_all",
    ),
    "G51": (
        _B
        + "data/test_data.py::test_of_several_contracts_the_standard_one_is_taken_and_of_two_standard_ones_none",
    ),
    "G53": (_B + "orders/test_set_aside.py::test_a_time_with_a_dash_is_utc",),
    "G62": (
        _B
        + "orders/test_set_aside.py::test_an_unknown_status_of_ours_is_kept_raw_and_the_broker_is_asked_again",
        _B + "orders/test_set_aside.py::test_an_unreadable_order_of_ours_makes_no_snapshot",
    ),
    "G46": (
        "tests/actors/test_steady_clock.py::test_a_step_of_the_wall_moves_nothing_and_is_seen",
        _Y + "test_a_clock_that_is_an_hour_ahead_of_the_brokers_closes_nothing_before_its_time",
    ),
    "G80": (_Y + "test_a_clock_that_is_an_hour_behind_the_brokers_closes_in_time",),
    "G66": (_B + "orders/test_account_age.py::test_the_age_of_a_value_is_the_age_of_its_message",),
    "G69": (
        "tests/ops/status/test_commissions.py::test_commissions_that_every_reconnect_tells_again_are_counted_once",
    ),
    "G77": (_Y + "test_a_day_that_ib_ends_early_is_closed_before_it_and_nothing_is_tried_after_it",),
    "G79": (
        "tests/domain/test_reconcile_names.py::test_an_expired_option_that_is_still_listed_is_no_mismatch",
    ),
    "G82": (
        "tests/domain/test_reconcile_names.py::test_a_renamed_option_is_named_as_what_appeared_without_a_stop",
    ),
    "G55": (
        _B + "data/test_bars.py::test_the_forming_bar_of_a_backfill_is_kept_back",
        _B + "data/test_bars.py::test_a_bar_that_formed_when_it_was_asked_for_is_not_closed_by_a_late_answer",
    ),
    "G56": (_START + "judges_every_later_bar_as_one_that_ran_from_the_open[AAPL-2014-06-06]",),
    "G60": (
        "tests/journal/test_closing.py::test_a_start_from_closed_books_equals_a_start_from_all_rows",
        "tests/journal/test_closing.py::test_what_a_start_reads_does_not_grow_with_the_years",
    ),
    "G68": (
        "tests/appliance/test_gateway_starts.py::test_java_reads_the_password_as_its_owner_typed_it",
        "tests/appliance/test_gateway_starts.py::test_what_decides_about_real_money_comes_first",
    ),
    "G70": ("tests/appliance/test_layout.py::test_whatever_stops_the_bot_or_the_gateway_asks_first",),
    "G73": ("tests/guard/test_sunday.py",),
    "G74": (
        "tests/execution/test_happy_line.py::test_a_family_goes_out_parent_first_and_only_the_stop_transmits",
        _B + "orders/test_orders.py::test_an_entry_tells_the_broker_when_to_end_it_in_new_yorks_time",
        "tests/sim/exchange/test_exchange_fills.py::test_a_good_till_date_order_ends_at_its_time",
    ),
    "G57": (
        "tests/strategies/test_symbol.py::test_a_signal_with_the_close_waits_for_the_next_mornings_first_allowed_minute",
        "tests/strategies/test_symbol.py::test_a_waiting_signal_survives_a_restart_and_its_entry_ends_it",
        "tests/strategies/test_strategies.py::test_a_signal_without_an_entry_does_not_spend_the_whales_debounce",
    ),
    "G63": (
        _R + "test_sizing.py::test_a_stop_costs_the_way_to_the_bid_below_it_and_the_fees_of_both_orders",
        _R + "test_sizing.py::test_the_stops_together_never_risk_more_than_the_budget_and_one_more_would",
    ),
    "G64": (_R + "test_guard.py::test_five_losing_trades_pause_entries_until_the_next_trading_day",),
    "G67": (
        _B
        + "translate/test_order_refs.py::test_our_mark_is_read_whatever_client_the_row_names_and_anothers_is_never_ours",
        "tests/domain/test_reconcile_names.py::test_another_bots_position_is_its_own_while_its_fills_or_its_stop_explain_it",
        _R + "test_exposure.py::test_another_bots_position_takes_one_of_the_accounts_places",
        _R + "test_exposure.py::test_what_another_bot_bought_today_counts_to_the_days_limits",
    ),
    "G71": (
        _B
        + "orders/test_set_aside.py::test_a_fill_under_an_order_id_of_another_order_belongs_to_its_reference",
    ),
    "G43": (
        _O
        + "process/test_control.py::test_whatever_is_in_the_halt_file_halts_with_words_that_nothing_can_fail_on",
        _O + "process/test_control.py::test_a_request_that_cannot_be_read_is_answered",
    ),
    "G44": (_O + "process/test_instance_lock.py",),
    "G45": (_CF + "test_checks.py::test_a_contradiction_is_named",),
    "G50": (
        _O + "alerts/test_alerts_delivery.py::test_angle_brackets_are_escaped_and_long_texts_split",
        _O
        + "alerts/test_alerts_delivery.py::test_a_text_that_a_service_does_not_take_is_sent_once_more_as_plain_words",
    ),
    "G52": (
        _R + "test_guard_latch.py::test_a_clock_that_is_off_halts_and_one_off_from_the_start_lifts_itself",
    ),
    "G58": ("tests/cli/test_which_directory.py",),
    "G59": ("tests/journal/test_damage.py",),
    "G61": (
        "tests/assembly/test_failures.py::test_on_a_full_disk_the_last_alert_is_sent_all_the_same",
        _O + "process/test_logs.py::test_a_disk_that_takes_no_more_is_said_once_and_hurts_nobody",
    ),
    "G65": ("tests/cli/test_last_words.py",),
    "G75": (
        "tests/journal/test_damage.py::test_a_row_that_only_a_newer_build_knows_is_set_aside_and_the_rest_is_read",
    ),
    "G76": (
        _O + "alerts/test_alerts_outbox.py::test_what_is_critical_is_tried_until_it_is_delivered",
        _O + "alerts/test_alerts_delivery.py::test_a_critical_alert_outlives_a_router_that_restarts",
        _O + "alerts/test_alerts_delivery.py::test_a_service_says_how_long_to_wait",
    ),
    "G78": (
        _O
        + "process/test_heartbeat.py::test_an_answer_that_is_no_http_is_a_failed_ping_and_the_next_one_counts",
        _O + "process/test_threads.py",
    ),
    "G81": (
        "tests/domain/test_session.py::test_behind_the_tables_end_weekdays_are_presumed_sessions_and_say_so",
        _O
        + "alerts/test_alerts.py::test_the_end_of_the_calendar_is_told_once_a_month_from_half_a_year_before",
    ),
    "G83": (
        "tests/actors/test_supervisor.py::test_a_disk_that_stalls_is_told_and_waited_for_and_named_when_it_does_not_come_back",
        "tests/assembly/test_slow_disk.py",
    ),
    "G42": (_Y + "test_stops_refused_all_night_are_tried_ever_more_rarely_and_told_once_as_unprotected",),
    "G38": (_CF + "test_checks.py::test_above_a_ceiling_more_risk_must_be_accepted",),
}
"""Incident → tests that prove it without the whole bot, or beside it."""
