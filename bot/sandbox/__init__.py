"""Embedded stand-ins for the demo and the tests: a VDI admin console with faults on demand."""
