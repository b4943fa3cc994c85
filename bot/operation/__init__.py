"""Unattended life: one pass over the mailbox and the ledger."""
