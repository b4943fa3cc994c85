"""What the bot does unattended, and when: the plan of a day, the jobs, the watch over both."""
