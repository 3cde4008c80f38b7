"""The reference of all settings, made of the schema, the defaults and the docstrings."""
