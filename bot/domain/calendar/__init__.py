"""The exchange's calendar: its sessions by rule, and the hours that IB states."""
