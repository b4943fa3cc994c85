"""The VDI admin console: the port, the browser, the base of flows, evidence."""
