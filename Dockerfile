# One image for each program: docker build --target ingest -t weir-ingest .
# Targets: ingest, load (without the MongoDB client), aggregator, alerter, dashboard, ctl.
# Every step is tried by tools/images, with a Debian of the same release in the place of this one.
ARG DEBIAN=debian:12.12-slim

# --- build -------------------------------------------------------------------------------------
FROM ${DEBIAN} AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# The part of tools/packages.txt that compiling needs; tools/deploy-lint compares them.
RUN apt-get update -q && \
    apt-get install -q -y --no-install-recommends \
        gcc libc6-dev make pkg-config \
        libcurl4-openssl-dev libevent-dev libjansson-dev libmongoc-dev librdkafka-dev libssl-dev \
        libxxhash-dev uthash-dev zlib1g-dev && \
    apt-get clean && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
ARG REVISION=unknown
RUN make -s -j"$(nproc)" REVISION="${REVISION}" PREFIX=/usr DESTDIR=/out install && \
    strip /out/usr/bin/*

# --- what every program needs at run time ------------------------------------------------------
FROM ${DEBIAN} AS lean
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# upgrade: security fixes younger than the base image.
RUN apt-get update -q && \
    apt-get upgrade -q -y && \
    apt-get install -q -y --no-install-recommends \
        ca-certificates libevent-core-2.1-7 libjansson4 librdkafka1 libssl3 libxxhash0 zlib1g && \
    apt-get clean && rm -rf /var/lib/apt/lists/* && \
    groupadd --system --gid 65532 weir && \
    useradd --system --uid 65532 --gid 65532 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin weir
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.vendor="Weir" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Numeric, so that runAsNonRoot can be checked without the image's passwd. Nothing is ever written:
# run it with a read-only root.
USER 65532:65532
STOPSIGNAL SIGTERM

# --- the same with the MongoDB client: 30 MB more, most of it ICU --------------------------------
FROM lean AS full
USER 0:0
RUN apt-get update -q && \
    apt-get install -q -y --no-install-recommends libmongoc-1.0-0 && \
    apt-get clean && rm -rf /var/lib/apt/lists/*
ENV MONGOC_DISABLE_SHM=1
USER 65532:65532

# --- the programs --------------------------------------------------------------------------------
# A probe of a path asks the port of LISTEN, so it follows when that is set.
FROM lean AS ingest
LABEL org.opencontainers.image.title="weir-ingest" \
      org.opencontainers.image.description="Takes readings over HTTP and answers when Kafka has them"
COPY --from=build /out/usr/bin/weir-ingest /usr/bin/
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/usr/bin/weir-ingest", "--probe", "/healthz"]
ENTRYPOINT ["/usr/bin/weir-ingest"]

FROM full AS dashboard
LABEL org.opencontainers.image.title="weir-dashboard" \
      org.opencontainers.image.description="Query API for operators"
COPY --from=build /out/usr/bin/weir-dashboard /usr/bin/
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/usr/bin/weir-dashboard", "--probe", "/healthz"]
ENTRYPOINT ["/usr/bin/weir-dashboard"]

FROM full AS aggregator
LABEL org.opencontainers.image.title="weir-aggregator" \
      org.opencontainers.image.description="Stores readings and folds them, each exactly once"
COPY --from=build /out/usr/bin/weir-aggregator /usr/bin/
EXPOSE 8003
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/usr/bin/weir-aggregator", "--probe", "/healthz"]
ENTRYPOINT ["/usr/bin/weir-aggregator"]

FROM full AS alerter
LABEL org.opencontainers.image.title="weir-alerter" \
      org.opencontainers.image.description="Raises and resolves alerts"
COPY --from=build /out/usr/bin/weir-alerter /usr/bin/
EXPOSE 8004
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/usr/bin/weir-alerter", "--probe", "/healthz"]
ENTRYPOINT ["/usr/bin/weir-alerter"]

FROM lean AS load
LABEL org.opencontainers.image.title="weir-load" \
      org.opencontainers.image.description="Load generator that knows what it sent"
COPY --from=build /out/usr/bin/weir-load /usr/bin/
HEALTHCHECK NONE
ENTRYPOINT ["/usr/bin/weir-load"]

FROM full AS ctl
LABEL org.opencontainers.image.title="weirctl" \
      org.opencontainers.image.description="What an operator does to a running Weir"
COPY --from=build /out/usr/bin/weirctl /usr/bin/
HEALTHCHECK NONE
ENTRYPOINT ["/usr/bin/weirctl"]
