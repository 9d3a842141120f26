# Two stages: the packages and static files are built in the first; the second has neither pip's leftovers nor a compiler.
# Pin it by digest: --build-arg PYTHON_IMAGE=python:3.13-slim@sha256:… (docs/operations.md, "Containers").
ARG PYTHON_IMAGE=python:3.13-slim
FROM ${PYTHON_IMAGE} AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --require-hashes -r requirements.txt

WORKDIR /sandglass
COPY manage.py ./
COPY config config
COPY viewing viewing
COPY parental parental
COPY perfmetrics perfmetrics
COPY templates templates
# Settings want a key and a database; collecting files uses neither.
RUN SECRET_KEY=only-to-build DATABASE_URL=postgresql:///never-connected \
    /venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && /venv/bin/python -m compileall -q config viewing parental perfmetrics

FROM ${PYTHON_IMAGE}

# zoneinfo takes the system's zone data first; tzdata from pip is the fallback.
RUN apt-get update && apt-get install --yes --no-install-recommends tzdata && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home --uid 10001 sandglass
COPY --from=build /venv /venv
COPY --from=build /sandglass /sandglass

WORKDIR /sandglass
USER sandglass
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BIND=0.0.0.0 PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/health/live\", timeout=5)"]
# gunicorn is process 1, so that it gets SIGTERM itself and drains.
CMD ["gunicorn", "--config", "config/server/gunicorn.py", "config.asgi:application"]
