"""Issuing by hand while the console's screens or the bot are broken: a list for clerks, and the way of their results back."""
