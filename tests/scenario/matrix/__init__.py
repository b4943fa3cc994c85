"""The kill matrix: the bot is killed at every boundary, run again, and what it promises is checked (docs/crashes.md)."""
