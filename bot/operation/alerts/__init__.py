"""What goes wrong and lasts: it is found, stops the part it concerns, and is told once when it begins and once when it is over."""
