"""A stock bracket on the same prints in other engines, each in the peers' own environment: trades equal, then speed."""
