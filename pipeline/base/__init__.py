"""What anyone may import: errors, records, tables, threads, the terminal. Knows nothing of ours."""
