"""The commands of ``prolab-agent`` besides ``run`` and ``pair``: for systemd, for updates, and for whoever stands at the box."""
