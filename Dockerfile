# syntax=docker/dockerfile:1.7
# One file for every image of the house: `docker build --target publisher .`
# Targets: publisher, consumer, general, provider, standalone, load (virtual buyers and the verdict), edge (nginx and the pages),
# aws (a stand-in for AWS, and the mail sink), functions (the Lambda programs alone, to be packed).

FROM rust:1.95-slim-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc g++ libc6-dev cmake \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked \
        --package publisher --package consumer --package general --package provider \
        --package lambda-email --package lambda-capacity --package standalone --package load-test \
    && mkdir -p /out/record \
    && cp target/release/miaosha-publisher target/release/miaosha-consumer target/release/miaosha-general \
        target/release/sandbox-provider target/release/lambda-email target/release/lambda-capacity \
        target/release/miaosha target/release/load-test /out/

# No shell, no package manager, and nobody is root: user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot AS base
ENV MIAOSHA_SERVER__LISTEN=0.0.0.0:5000 \
    MIAOSHA_SERVER__ADMIN_LISTEN=0.0.0.0:5100
EXPOSE 5000 5100
STOPSIGNAL SIGTERM

FROM base AS publisher
COPY --from=build /out/miaosha-publisher /usr/local/bin/
HEALTHCHECK --interval=2s --timeout=5s --start-period=90s --retries=5 CMD ["miaosha-publisher", "--is-ready"]
ENTRYPOINT ["miaosha-publisher"]

FROM base AS consumer
COPY --from=build /out/miaosha-consumer /usr/local/bin/
HEALTHCHECK --interval=2s --timeout=5s --start-period=90s --retries=5 CMD ["miaosha-consumer", "--is-ready"]
ENTRYPOINT ["miaosha-consumer"]

FROM base AS general
COPY --from=build /out/miaosha-general /usr/local/bin/
HEALTHCHECK --interval=2s --timeout=5s --start-period=90s --retries=5 CMD ["miaosha-general", "--is-ready"]
ENTRYPOINT ["miaosha-general"]

FROM base AS provider
COPY --from=build /out/sandbox-provider /usr/local/bin/
WORKDIR /home/nonroot
# A volume takes its owner from here.
COPY --from=build --chown=65532:65532 /out/record /home/nonroot/record
HEALTHCHECK --interval=2s --timeout=5s --start-period=10s --retries=5 CMD ["sandbox-provider", "--is-ready"]
ENTRYPOINT ["sandbox-provider"]

FROM gcr.io/distroless/cc-debian12:nonroot AS standalone
COPY --from=build /out/miaosha /usr/local/bin/
WORKDIR /home/nonroot
EXPOSE 5000
ENTRYPOINT ["miaosha", "--listen", "0.0.0.0:5000"]

FROM gcr.io/distroless/cc-debian12:nonroot AS load
COPY --from=build /out/load-test /out/miaosha /usr/local/bin/
WORKDIR /home/nonroot
ENTRYPOINT ["load-test"]

FROM scratch AS functions
COPY --from=build /out/lambda-email /out/lambda-capacity /

FROM nginxinc/nginx-unprivileged:1.28-alpine AS edge
COPY static /srv/static
COPY infra/compose/nginx.conf /etc/nginx/nginx.conf
EXPOSE 8080
HEALTHCHECK --interval=2s --timeout=3s --start-period=5s --retries=5 CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"]

FROM python:3.12-slim-bookworm AS aws
WORKDIR /srv
COPY crates/stack/assets/ ./
RUN pip install --no-cache-dir --requirement aws-requirements.txt \
    && useradd --uid 65532 --create-home nonroot \
    && install -d -o nonroot /home/nonroot/letters
COPY --from=build /out/lambda-email /srv/lambda-email
USER 65532
