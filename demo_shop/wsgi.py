"""What the web server runs: `gunicorn demo_shop.wsgi`."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo_shop.settings")

# Pictures of a catalogue that is loaded while the shop runs appear at once: looked up per request.
application = WhiteNoise(get_wsgi_application(), autorefresh=True, max_age=3600)
application.add_files(str(settings.MEDIA_ROOT), prefix=settings.MEDIA_URL.strip("/"))
