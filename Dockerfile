# Highwater as an image: built from source, run by nobody in particular, one volume.
#
# The ClickHouse engine is not in it: `docker-compose.yml` runs ClickHouse as a server of its own.

FROM rust:1.95-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends pkg-config libssl-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --locked --release --bin highwater \
    && cp target/release/highwater /usr/local/bin/highwater

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl libssl3 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home highwater \
    && install -d -o highwater -g highwater /var/lib/highwater
COPY --from=build /usr/local/bin/highwater /usr/local/bin/highwater
USER highwater
ENV HIGHWATER_SERVICE__DATA_DIR=/var/lib/highwater \
    HIGHWATER_SERVICE__LISTEN_HTTP=0.0.0.0:8080 \
    HIGHWATER_LOG__FORMAT=json
VOLUME /var/lib/highwater
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD curl -fsS http://127.0.0.1:8080/readyz || exit 1
ENTRYPOINT ["highwater"]
CMD ["run"]
