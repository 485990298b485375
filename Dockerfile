# syntax=docker/dockerfile:1

# The operator's image: make image IMG=... Go cross-compiles on the build
# machine for the target platform. hack/image builds the same image without
# docker, and test/image verifies that both have the same configuration.
FROM --platform=$BUILDPLATFORM docker.io/library/golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
COPY api/ api/
COPY cmd/ cmd/
COPY controllers/ controllers/
COPY internal/ internal/
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=unknown
ARG REVISION=unknown
# Link statically, because the image has no libraries. Omit the paths of this
# stage.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
    -ldflags="-s -w -X main.version=$VERSION -X main.revision=$REVISION" -o /manager ./cmd/manager

# The image contains only the program and the licence: no shell and no library
# that needs updates. Public certificate authorities are linked into the program
# (cmd/manager).
FROM scratch
ARG VERSION=unknown
ARG REVISION=unknown
# The operator's own code is under Apache-2.0. The binary links Juju's client,
# which is under AGPL-3.0.
LABEL org.opencontainers.image.title="Juju Secrets Operator" \
      org.opencontainers.image.description="Kubernetes operator for Juju user secrets" \
      org.opencontainers.image.source="https://github.com/juju-secrets/operator" \
      org.opencontainers.image.licenses="Apache-2.0 AND AGPL-3.0-only" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY LICENSE /LICENSE
COPY --from=build /manager /manager
USER 65532:65532
ENTRYPOINT ["/manager"]
