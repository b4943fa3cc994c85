"""What a monitoring system asks: figures, whether the bot lives, whether it can work."""
