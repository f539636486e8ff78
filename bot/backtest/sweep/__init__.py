"""Many settings over the same days: each a whole backtest by the fast gear, in processes of their own."""
