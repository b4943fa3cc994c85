"""The auditors' standard questions about a month, each answered by a table."""
