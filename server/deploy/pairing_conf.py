"""How gunicorn runs the door for new agents: one worker, few threads, always TLS, always with the lab's own certificate.

``gunicorn -c server/deploy/pairing_conf.py``, which is what ``prolab pairing`` does.
"""

from server.machines.keys import Files
from server.settings import load_settings

_settings = load_settings(None)
_files = Files(_settings.keys_dir)

wsgi_app = "server.pages.pairing.wsgi:app"
bind = f"{_settings.pairing.host}:{_settings.pairing.port}"
certfile = str(_files.server)
keyfile = str(_files.server_key)
worker_class = "gthread"
workers = 1  # wrong codes are counted in its memory
threads = 16
keepalive = 2
graceful_timeout = 5
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
accesslog = None
