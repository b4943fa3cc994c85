"""Decision to account: drive(), passwords, login IDs, expiry."""
