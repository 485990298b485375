// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"time"
)

// repack gives every file in a tgz the same time and no owner. It keeps the
// comment and the extra field of the gzip header, which Helm checks.
func repack(path string, when time.Time) error {
	packed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	from, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	return replace(path, func(file io.Writer) error {
		to := gzip.NewWriter(file)
		to.Comment, to.Extra = from.Comment, from.Extra
		return errors.Join(restamp(tar.NewReader(from), tar.NewWriter(to), when), to.Close())
	})
}

// restamp copies a tar.
func restamp(from *tar.Reader, to *tar.Writer, when time.Time) error {
	for {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			return to.Close()
		}
		if err != nil {
			return err
		}
		plain := &tar.Header{
			Name: header.Name, Typeflag: header.Typeflag, Linkname: header.Linkname,
			Mode: header.Mode, Size: header.Size, ModTime: when,
		}
		if err := to.WriteHeader(plain); err != nil {
			return err
		}
		if _, err := io.Copy(to, from); err != nil {
			return err
		}
	}
}
