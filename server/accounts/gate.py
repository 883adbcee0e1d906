"""Before every request: who asks, and may they? A route that declares no verb is not answered at all."""

from flask import Flask


def install(app: Flask) -> None:
    """Refuse what ``may`` does not allow. Needs ``server.web.setup`` installed before."""
