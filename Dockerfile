# syntax=docker/dockerfile:1
# The operator's image: make image IMG=... Go compiles on the machine that builds, for the platform that was asked for.

FROM --platform=$BUILDPLATFORM docker.io/library/golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
COPY api/ api/
COPY cmd/ cmd/
COPY controllers/ controllers/
COPY internal/ internal/
ARG TARGETOS
ARG TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags='-s -w' -o /manager ./cmd/manager

FROM gcr.io/distroless/static-debian12:nonroot
# The operator's own code is under Apache-2.0. The binary links Juju's client, which is under AGPL-3.0.
LABEL org.opencontainers.image.title="Juju Secrets Operator" \
      org.opencontainers.image.description="Kubernetes operator for Juju user secrets" \
      org.opencontainers.image.source="https://github.com/juju-secrets/operator" \
      org.opencontainers.image.licenses="Apache-2.0 AND AGPL-3.0-only"
COPY LICENSE /licenses/LICENSE
COPY --from=build /manager /manager
USER 65532:65532
ENTRYPOINT ["/manager"]
