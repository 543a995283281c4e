"""What monitors tell of themselves, for the systems that watch services: Prometheus, OpenTelemetry, systemd."""
