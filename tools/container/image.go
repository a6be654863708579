package main

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A description is what an image says about its release.
type description struct {
	version  string
	revision string // the commit; empty if it is not known
	created  time.Time
}

func (d description) labels() map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title":         "tranship",
		"org.opencontainers.image.description":   "file transfer over gRPC",
		"org.opencontainers.image.authors":       "The Tranship authors",
		"org.opencontainers.image.url":           "https://github.com/tranship/tranship",
		"org.opencontainers.image.source":        "https://github.com/tranship/tranship",
		"org.opencontainers.image.documentation": "https://github.com/tranship/tranship/blob/main/docs/operate/packages.md",
		"org.opencontainers.image.licenses":      "Apache-2.0",
		"org.opencontainers.image.version":       d.version,
		"org.opencontainers.image.created":       d.created.Format(time.RFC3339),
	}
	if d.revision != "" {
		labels["org.opencontainers.image.revision"] = d.revision
	}
	return labels
}

// config returns the settings of a container. Within it, the server serves plaintext on loopback
// until TRANSHIP_LISTEN, a certificate and credentials say otherwise.
func (d description) config() v1.Config {
	return v1.Config{
		User:         fmt.Sprintf("%d:%d", user, user),
		ExposedPorts: map[string]struct{}{"50051/tcp": {}, "9464/tcp": {}},
		Env: []string{
			"PATH=/usr/bin",
			"TRANSHIP_ROOT=/data/files",
			"TRANSHIP_LISTEN=127.0.0.1:50051",
			"TRANSHIP_ADMIN=127.0.0.1:9464",
		},
		Entrypoint: []string{"/usr/bin/tranship"},
		Cmd:        []string{"serve"},
		Volumes:    map[string]struct{}{"/data": {}},
		WorkingDir: "/",
		Labels:     d.labels(),
		StopSignal: "SIGTERM",
	}
}

// writeLayout writes the OCI image layout of the staged directories into a directory.
func writeLayout(dir string, d description, stages []string) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	systems := map[string]string{}
	for _, stage := range stages {
		system, err := platform(filepath.Join(stage, "tranship"))
		if err != nil {
			return err
		}
		if other := systems[system.String()]; other != "" {
			return fmt.Errorf("%s and %s are both for %s", other, stage, system)
		}
		systems[system.String()] = stage
		img, err := image(d, system, stage)
		if err != nil {
			return fmt.Errorf("cannot make the image of %s: %w", stage, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &system}})
	}
	// Tools that load the archive take the name of the image from these.
	tag, err := name.NewTag("localhost/tranship:"+d.version, name.StrictValidation)
	if err != nil {
		return fmt.Errorf("the version cannot be the tag of an image: %w", err)
	}
	names := map[string]string{"io.containerd.image.name": tag.Name(), "org.opencontainers.image.ref.name": tag.TagStr()}
	// The layout has one entry, the index: a tool copies all systems, or takes its own.
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendIndex(index, layout.WithAnnotations(names))
}

// platform returns the system that Go built a program for. A program that needs libraries is an
// error: the image has none.
func platform(program string) (v1.Platform, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return v1.Platform{}, fmt.Errorf("cannot tell for which system %s is: %w", program, err)
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	if settings["GOOS"] != "linux" || settings["CGO_ENABLED"] != "0" {
		return v1.Platform{}, fmt.Errorf("%s is no static program for Linux: GOOS is %q and CGO_ENABLED %q",
			program, settings["GOOS"], settings["CGO_ENABLED"])
	}
	return v1.Platform{OS: settings["GOOS"], Architecture: settings["GOARCH"]}, nil
}

// image returns the image of one system, with one layer.
func image(d description, system v1.Platform, stage string) (v1.Image, error) {
	files, err := contents(stage)
	if err != nil {
		return nil, err
	}
	var layer bytes.Buffer
	if err := pack(&layer, files, d.created); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil }
	packed, err := tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer),
		tarball.WithCompressionLevel(6), tarball.WithCompressedCaching)
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	base, err = mutate.ConfigFile(base, &v1.ConfigFile{
		OS:           system.OS,
		Architecture: system.Architecture,
		Created:      v1.Time{Time: d.created},
		Config:       d.config(),
		RootFS:       v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(base, mutate.Addendum{
		Layer:   packed,
		History: v1.History{Created: v1.Time{Time: d.created}, CreatedBy: "tools/container.sh"},
	})
}
