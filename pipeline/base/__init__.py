"""What anyone may import: errors, records, tables, threads, the terminal.

Imports nothing else of this project.
"""
