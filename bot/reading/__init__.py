"""Has messages read in a process of its own, which is killed when one takes too long or too much memory."""
