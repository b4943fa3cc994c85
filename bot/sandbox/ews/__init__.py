"""An endpoint that speaks Exchange Web Services to a real client: no Exchange can run where this is tested."""
