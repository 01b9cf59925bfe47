# docent in one image: `docker build -t docent .`, then `docker compose up`.
FROM python:3.11-slim

# For sources in git repositories.
RUN apt-get update && apt-get install --yes --no-install-recommends git openssh-client \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 10001 docent
WORKDIR /app

COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot bot
COPY ingest ingest
COPY rag_core rag_core
RUN pip install --no-cache-dir --constraint constraints.txt '.[otel,postgres]' \
    && mkdir -p data models && chown docent data models

USER docent
# Index, state database and downloads; model weights.
ENV HF_HOME=/app/models
# HTTP mode is reached from outside of the container, and only through ports that you publish.
ENV DOCENT_HTTP_HOST=0.0.0.0
VOLUME ["/app/data", "/app/models"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["docent"]
CMD ["serve"]
