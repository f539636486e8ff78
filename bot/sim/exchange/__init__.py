"""The exchange and the account: orders, matching, OCA groups, commissions, margin, rejections. Pure."""
