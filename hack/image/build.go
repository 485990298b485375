// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user is a numeric UID that exists on no system. With runAsNonRoot, Kubernetes
// accepts only a numeric UID.
const user = "65532:65532"

// release holds the parts of an image.
type release struct {
	Version, Revision string
	Created           time.Time
	License           []byte
	Binaries          []binary
}

// binary is the operator's program for a platform.
type binary struct {
	Platform v1.Platform
	Content  []byte
}

// parseBinary parses PLATFORM=FILE and reads the file.
func parseBinary(arg string) (binary, error) {
	name, path, ok := strings.Cut(arg, "=")
	if !ok {
		return binary{}, fmt.Errorf("%q is not PLATFORM=FILE", arg)
	}
	platform, err := v1.ParsePlatform(name)
	if err != nil {
		return binary{}, err
	}
	if platform.OS == "" || platform.Architecture == "" {
		return binary{}, fmt.Errorf("%q is no platform, want for example linux/amd64", name)
	}
	content, err := os.ReadFile(path)
	return binary{*platform, content}, err
}

// labels returns the labels of the image's configuration and of its index. The
// Dockerfile has the same labels.
func (r release) labels() map[string]string {
	const prefix = "org.opencontainers.image."
	return map[string]string{
		prefix + "title":       "Juju Secrets Operator",
		prefix + "description": "Kubernetes operator for Juju user secrets",
		prefix + "source":      "https://github.com/juju-secrets/operator",
		prefix + "licenses":    "Apache-2.0 AND AGPL-3.0-only",
		prefix + "version":     r.Version,
		prefix + "revision":    r.Revision,
	}
}

// index returns the image of all platforms.
func (r release) index() (v1.ImageIndex, error) {
	if len(r.Binaries) == 0 {
		return nil, errors.New("no program given: want PLATFORM=FILE")
	}
	license, err := r.layer("LICENSE", r.License, 0o444)
	if err != nil {
		return nil, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, binary := range r.Binaries {
		image, err := r.image(binary, license)
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &binary.Platform},
		})
	}
	annotated, ok := mutate.Annotations(index, r.labels()).(v1.ImageIndex)
	if !ok {
		return nil, errors.New("cannot annotate the index")
	}
	return annotated, nil
}

// image returns the image of one platform.
func (r release) image(binary binary, license v1.Layer) (v1.Image, error) {
	manager, err := r.layer("manager", binary.Content, 0o555)
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.ConfigFile(base, &v1.ConfigFile{
		Created: v1.Time{Time: r.Created}, OS: binary.Platform.OS, Architecture: binary.Platform.Architecture,
		Variant: binary.Platform.Variant, RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{User: user, Entrypoint: []string{"/manager"}, WorkingDir: "/", Labels: r.labels()},
	})
	if err != nil {
		return nil, err
	}
	history := func(what string) v1.History { return v1.History{Created: v1.Time{Time: r.Created}, CreatedBy: what} }
	return mutate.Append(image,
		mutate.Addendum{Layer: license, History: history("COPY LICENSE /LICENSE")},
		mutate.Addendum{Layer: manager, History: history("COPY manager /manager")},
	)
}

// layer returns a layer with one file in the root folder, read-only and owned
// by root.
func (r release) layer(name string, content []byte, mode int64) (v1.Layer, error) {
	var packed bytes.Buffer
	writer := tar.NewWriter(&packed)
	err := writer.WriteHeader(&tar.Header{
		Name: name, Typeflag: tar.TypeReg, Size: int64(len(content)), Mode: mode, ModTime: r.Created, Format: tar.FormatPAX,
	})
	if err == nil {
		_, err = writer.Write(content)
	}
	if err = errors.Join(err, writer.Close()); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}
