"""The files that run docent elsewhere: images, Compose, Kubernetes, systemd, the dashboard."""
