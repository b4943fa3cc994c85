"""Requests, accounts, messages, notices and the audit chain in one database."""
