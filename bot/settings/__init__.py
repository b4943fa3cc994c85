"""Every setting as a typed section of config.yaml."""
