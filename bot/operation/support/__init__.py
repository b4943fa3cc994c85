"""What a supporter is given to look at: enough to find what is wrong, no secret, nobody's name."""
