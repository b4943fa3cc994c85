"""Message to applications: decode, read fields and tables, normalise; forms are data. Pure."""
