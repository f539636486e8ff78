"""Both strategies once more, vectorised in pandas from their written rules, sharing nothing with the bot's code.

Only the cool-down is a loop: whether a bar may fire depends on which earlier ones did.
"""

import numpy as np
import pandas as pd

BULLISH, NONE, BEARISH = 1, 0, -1


def frame(bars: list[tuple[pd.Timestamp, float, float, float, float, float]]) -> pd.DataFrame:
    """Make a table by bar start (UTC), with its New York date and its minute of the day."""
    table = pd.DataFrame(bars, columns=["start", "open", "high", "low", "close", "volume"]).set_index("start")
    new_york = pd.DatetimeIndex(table.index).tz_convert("America/New_York")
    table["day"] = new_york.strftime("%Y-%m-%d")
    table["minute"] = new_york.hour * 60 + new_york.minute - 570
    return table


def rsi(close: pd.Series, length: int = 14) -> pd.Series:
    """Wilder's RSI: the plain mean of the first changes, then an exponential mean with α = 1 / length."""
    change = close.diff()
    smoothed = {}
    for name, part in (("gain", change.clip(lower=0)), ("loss", -change.clip(upper=0))):
        seeded = part.copy()
        seeded.iloc[:length] = np.nan
        seeded.iloc[length] = part.iloc[1 : length + 1].mean()
        smoothed[name] = seeded.ewm(alpha=1 / length, adjust=False, ignore_na=True).mean()
    strength = 100 - 100 / (1 + smoothed["gain"] / smoothed["loss"])
    flat = (smoothed["gain"] == 0) & (smoothed["loss"] == 0)
    return strength.mask(flat, 50.0)


def relative_volume(table: pd.DataFrame, sessions: int = 20) -> pd.Series:
    """Cumulated volume of the session ÷ the mean of it over earlier sessions, at the same minute."""
    so_far = table.pivot_table(index="day", columns="minute", values="volume", aggfunc="sum").cumsum(axis=1)
    earlier = so_far.rolling(sessions, min_periods=1).mean().shift(1)
    ratio = (so_far / earlier).stack()
    keys = pd.MultiIndex.from_frame(table[["day", "minute"]])
    return pd.Series(ratio.reindex(keys).to_numpy(), index=table.index)


def scalp(table: pd.DataFrame, cooldown_minutes: int = 15, floor: float = 0.7) -> pd.DataFrame:
    """Indicators, state (1, 0, -1), confidence and the bars that fire, for consecutive sessions of minute bars."""
    close = table["close"]
    out = pd.DataFrame(index=table.index)
    out["ema8"] = close.ewm(span=8, adjust=False).mean()
    out["ema21"] = close.ewm(span=21, adjust=False).mean()
    out["rsi"] = rsi(close)
    typical = table[["high", "low", "close"]].mean(axis=1)
    by_day = (
        pd.DataFrame({"money": typical * table["volume"], "volume": table["volume"]})
        .groupby(table["day"])
        .cumsum()
    )
    out["vwap"] = by_day["money"] / by_day["volume"]
    out["rel_volume"] = relative_volume(table)
    confirmed = ~(out["rel_volume"] < floor) & (np.arange(len(table)) >= 29)
    bullish = confirmed & (out["ema8"] > out["ema21"]) & (close > out["vwap"]) & out["rsi"].between(45, 70)
    bearish = confirmed & (out["ema8"] < out["ema21"]) & (close < out["vwap"]) & out["rsi"].between(30, 55)
    out["state"] = bullish.astype(int) - bearish.astype(int)
    gap = ((out["ema8"] - out["ema21"]).abs() / close / 0.001).clip(upper=1)
    place = pd.Series(np.where(bullish, out["rsi"] - 45, 55 - out["rsi"]) / 25, index=table.index)
    out["confidence"] = (0.6 * gap + 0.4 * place).where(out["state"] != NONE, 0.0)
    entered = (out["state"] != NONE) & (out["state"] != out["state"].shift(fill_value=NONE))
    out["fired"] = cool(entered, pd.Timedelta(minutes=cooldown_minutes))
    return out


def whale(table: pd.DataFrame, debounce: str = "3D") -> pd.DataFrame:
    """State (1, 0, -1) and the bars that fire, for consecutive hour bars."""
    close, volume = table["close"], table["volume"]
    before = close.shift(1).rolling(140)
    ratio = volume / volume.shift(1).rolling(140).mean()
    out = pd.DataFrame({"high": before.max(), "low": before.min(), "volume_ratio": ratio})
    is_loud = out["volume_ratio"] > 1.5
    out["state"] = ((close > out["high"]) & is_loud).astype(int) - ((close < out["low"]) & is_loud).astype(
        int
    )
    ends = pd.DatetimeIndex(table.index).floor("h") + pd.Timedelta(hours=1)
    fired = cool(pd.Series(out["state"].to_numpy() != NONE, index=ends), pd.Timedelta(debounce))
    out["fired"] = fired.to_numpy()
    return out


def cool(candidates: pd.Series, length: pd.Timedelta) -> pd.Series:
    """Keep the candidates that come at least ``length`` after the last one kept."""
    kept: list[pd.Timestamp] = []
    for at in candidates.index[candidates]:
        if not kept or at - kept[-1] >= length:
            kept.append(at)
    return pd.Series(candidates.index.isin(kept), index=candidates.index)
