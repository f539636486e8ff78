"""Market data of one's own on disk: Parquet by kind, symbol and year; how it comes in, and whether it is sound."""
