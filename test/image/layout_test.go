// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// descriptor references a part of a layout.
type descriptor struct {
	MediaType, Digest string
	Platform          struct{ OS, Architecture string }
	Annotations       map[string]string
}

// index lists images or other indexes.
type index struct {
	Manifests   []descriptor
	Annotations map[string]string
}

// config is the configuration of an image.
type config struct {
	OS, Architecture, Created string
	Config                    struct {
		User       string
		Entrypoint []string
		Cmd        []string
		Env        []string
		Labels     map[string]string
	}
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	}
}

// image is the image for one platform.
type image struct {
	config config
	files  []file
}

// file is a file in an image.
type file struct {
	header  *tar.Header
	content []byte
}

// layout is an OCI layout: the files by name. A file in blobs is named after
// its digest.
type layout map[string][]byte

func digestOf(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }

// readLayout reads the image of the release, and checks the digest of each
// blob.
func readLayout(t *testing.T) layout {
	t.Helper()
	found := layout{}
	archive := read(t, releaseFile(t, "juju-secrets-operator-"+version+".oci.tar"))
	for _, file := range untar(t, bytes.NewReader(archive)) {
		if file.header.Typeflag != tar.TypeReg {
			continue
		}
		found[file.header.Name] = file.content
		hash, isBlob := strings.CutPrefix(file.header.Name, "blobs/sha256/")
		if isBlob && digestOf(file.content) != "sha256:"+hash {
			t.Errorf("%s has the digest %s", file.header.Name, digestOf(file.content))
		}
	}
	if got, want := string(found["oci-layout"]), `"imageLayoutVersion": "1.0.0"`; !strings.Contains(got, want) {
		t.Errorf("oci-layout is %s, want %s", got, want)
	}
	return found
}

func untar(t *testing.T, from io.Reader) []file {
	t.Helper()
	var files []file
	packed := tar.NewReader(from)
	for {
		header, err := packed.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		must(t, err)
		content, err := io.ReadAll(packed)
		must(t, err)
		files = append(files, file{header, content})
	}
}

// decode parses the JSON of the blob with a digest.
func decode[T any](t *testing.T, l layout, digest string) T {
	t.Helper()
	var decoded T
	must(t, json.Unmarshal(l[blobName(digest)], &decoded))
	return decoded
}

func blobName(digest string) string { return "blobs/" + strings.Replace(digest, ":", "/", 1) }

// platforms returns the index of the platforms.
func (l layout) platforms(t *testing.T) index {
	t.Helper()
	var top index
	must(t, json.Unmarshal(l["index.json"], &top))
	if len(top.Manifests) != 1 || top.Manifests[0].MediaType != "application/vnd.oci.image.index.v1+json" {
		t.Fatalf("the layout contains %+v, want one index", top.Manifests)
	}
	if got := top.Manifests[0].Annotations["org.opencontainers.image.ref.name"]; got != version {
		t.Errorf("the name of the image is %q, want %q", got, version)
	}
	return decode[index](t, l, top.Manifests[0].Digest)
}

// images returns the images in the layout by architecture.
func (l layout) images(t *testing.T) map[string]image {
	t.Helper()
	images := map[string]image{}
	for _, found := range l.platforms(t).Manifests {
		manifest := decode[struct {
			Config descriptor
			Layers []descriptor
		}](t, l, found.Digest)
		one := image{config: decode[config](t, l, manifest.Config.Digest)}
		if one.config.OS != found.Platform.OS || one.config.Architecture != found.Platform.Architecture {
			t.Errorf("the image that is listed for %+v is for %s/%s", found.Platform, one.config.OS, one.config.Architecture)
		}
		var diffIDs []string
		for _, packed := range manifest.Layers {
			unzipped, err := gzip.NewReader(bytes.NewReader(l[blobName(packed.Digest)]))
			must(t, err)
			content, err := io.ReadAll(unzipped)
			must(t, err)
			diffIDs = append(diffIDs, digestOf(content))
			one.files = append(one.files, untar(t, bytes.NewReader(content))...)
		}
		if diff := cmp.Diff(diffIDs, one.config.RootFS.DiffIDs); diff != "" {
			t.Errorf("the configuration lists other layers (-layers +configuration):\n%s", diff)
		}
		images[one.config.Architecture] = one
	}
	return images
}

// machines maps the architectures of a release to their machine types.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// labels returns the labels that the Dockerfile sets on an image of the
// release.
func labels(t *testing.T, dockerfile string, revision string) map[string]string {
	t.Helper()
	found := map[string]string{}
	label := regexp.MustCompile(`(org\.opencontainers\.image\.\w+)="([^"]*)"`)
	for _, match := range label.FindAllStringSubmatch(dockerfile, -1) {
		found[match[1]] = strings.NewReplacer("$VERSION", version, "$REVISION", revision).Replace(match[2])
	}
	return found
}

var revisionForm = regexp.MustCompile(`^[0-9a-f]{40}(-dirty)?$`)

func TestImageRunsManagerAsNonRootOnAllPlatforms(t *testing.T) {
	l := readLayout(t)
	dockerfile := string(read(t, filepath.Join(root, "Dockerfile")))
	images := l.images(t)
	for architecture := range machines {
		t.Run(architecture, func(t *testing.T) {
			got := images[architecture].config
			revision := got.Config.Labels["org.opencontainers.image.revision"]
			if !revisionForm.MatchString(revision) {
				t.Errorf("the revision of the image is %q, want a commit", revision)
			}
			var want config
			want.OS, want.Architecture, want.Created, want.RootFS = "linux", architecture, got.Created, got.RootFS
			want.Config.User, want.Config.Entrypoint = "65532:65532", []string{"/manager"}
			want.Config.Labels = labels(t, dockerfile, revision)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(want.Config.Labels, l.platforms(t).Annotations); diff != "" {
				t.Errorf("the annotations for a registry differ from the labels (-want +got):\n%s", diff)
			}
			for _, line := range []string{
				"FROM scratch", "USER " + got.Config.User, `ENTRYPOINT ["` + got.Config.Entrypoint[0] + `"]`,
				"COPY LICENSE /LICENSE", "COPY --from=build /manager /manager",
			} {
				if !strings.Contains(dockerfile, "\n"+line+"\n") {
					t.Errorf("the Dockerfile builds another image: it lacks %q", line)
				}
			}
		})
	}
	if len(images) != len(machines) {
		t.Errorf("the image is for %d platforms, want %d", len(images), len(machines))
	}
}

func TestImageContainsOnlyManagerAndLicense(t *testing.T) {
	for architecture, image := range readLayout(t).images(t) {
		t.Run(architecture, func(t *testing.T) {
			got := map[string]int64{}
			for _, file := range image.files {
				got[file.header.Name] = file.header.Mode
				header := file.header
				if header.Typeflag != tar.TypeReg || header.Uid != 0 || header.Gid != 0 {
					t.Errorf("%s has the type %c, user %d and group %d, want a regular file of root",
						header.Name, header.Typeflag, header.Uid, header.Gid)
				}
			}
			if diff := cmp.Diff(map[string]int64{"LICENSE": 0o444, "manager": 0o555}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if !bytes.Equal(image.file(t, "LICENSE"), read(t, filepath.Join(root, "LICENSE"))) {
				t.Error("the license differs from LICENSE")
			}
		})
	}
}

func (i image) file(t *testing.T, name string) []byte {
	t.Helper()
	at := slices.IndexFunc(i.files, func(f file) bool { return f.header.Name == name })
	if at < 0 {
		t.Fatalf("the image has no file %s", name)
	}
	return i.files[at].content
}

func TestManagerIsStaticallyLinked(t *testing.T) {
	for architecture, image := range readLayout(t).images(t) {
		t.Run(architecture, func(t *testing.T) {
			binary := bytes.NewReader(image.file(t, "manager"))
			program, err := elf.NewFile(binary)
			must(t, err)
			if program.Machine != machines[architecture] {
				t.Errorf("the program is for %s", program.Machine)
			}
			for _, segment := range program.Progs {
				if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
					t.Errorf("the program has a segment %s, so it is not linked statically", segment.Type)
				}
			}
			info, err := buildinfo.Read(binary)
			must(t, err)
			settings := map[string]string{}
			for _, setting := range info.Settings {
				settings[setting.Key] = setting.Value
			}
			if settings["CGO_ENABLED"] != "0" || settings["-trimpath"] != "true" || settings["GOARCH"] != architecture {
				t.Errorf("the program was built with %v", settings)
			}
			home, err := filepath.Abs(root)
			must(t, err)
			if bytes.Contains(image.file(t, "manager"), []byte(home+string(os.PathSeparator))) {
				t.Error("the program contains the folder of its build")
			}
		})
	}
}
