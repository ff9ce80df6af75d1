# The server as a container image: `docker build -t earshot .`, then `docker run -p 8000:8000 earshot`.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /earshot

# What changes seldom comes first: packages are installed again only when a lock has changed.
COPY .ci/install.py .ci/
COPY requirements.txt requirements-models.txt requirements-installer.txt ./
RUN python .ci/install.py requirements.txt requirements-models.txt

COPY protocol protocol
COPY config config
COPY actors actors
COPY app app

RUN useradd --system --no-create-home earshot
USER earshot

EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT', '8000')}/api/v1/health/live\", timeout=2)"]
CMD ["python", "-m", "app", "serve"]
