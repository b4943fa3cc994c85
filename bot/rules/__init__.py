"""Application to decision: cutoff, business calendar, staff directory, the named rules. Pure."""
