"""What a backtest came to: metrics with their definitions, tables, a page. It claims nothing beyond the days played."""
