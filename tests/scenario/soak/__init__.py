"""The soak: `serve` lives for half an hour in real time, is disturbed on the way, and is watched for what grows (docs/soak.md)."""
