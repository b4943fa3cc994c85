"""The mailbox: the port, its adapters, nothing about what a mail means."""
