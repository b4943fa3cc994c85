"""Tests; what several share stands in this folder."""
