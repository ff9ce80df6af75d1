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
# Whoever serves may not write here: without this, each worker would compile all of it anew.
RUN python -m compileall -q protocol config actors app

RUN useradd --system --no-create-home earshot
USER earshot

EXPOSE 8000
STOPSIGNAL SIGTERM
# A machine at its limit takes its time to start a Python; a server that stands still is dealt with by its launcher.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s CMD ["python", "-m", "app.server.liveness_probe"]
CMD ["python", "-m", "app", "serve"]
