"""A year of unattended life on a fake clock: the real `serve` scheduler and jobs, 40,000 applications, outages and kills."""
