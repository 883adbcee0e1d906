"""What gunicorn loads: the door for new agents with this lab's settings."""

from server.pages.pairing.door import create_door
from server.settings import load_settings

app = create_door(load_settings(None))
