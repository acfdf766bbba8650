// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPackages(t *testing.T) {
	names := []string{
		"linux-image-cloud-amd64",      // of whatever is newest
		"linux-image-6.12-cloud-amd64", // of a series
		"linux-image-6.1.0-9-cloud-amd64",
		"linux-image-6.1.0-56-cloud-amd64",
		"linux-image-6.1.0-56-cloud-amd64-dbg",
		"linux-image-6.1.0-57-cloud-amd64-unsigned",
		"linux-image-6.1.0-57-cloud-arm64",
		"linux-image-6.12.9+deb12-cloud-amd64",
		"linux-image-6.12.117+deb12-cloud-amd64",
		"linux-image-6.12.118+deb12-amd64",
		"linux-image-7.3.4+deb13-cloud-amd64",
		"linux-binary-7.3.4+deb13-cloud-amd64",
		"linux-binary-unsigned-7.3.5+deb13-cloud-amd64",
	}
	for _, test := range []struct {
		kernel kernel
		want   []string
	}{
		{kernel{"6.1", "amd64"}, []string{"linux-image-6.1.0-56-cloud-amd64", "linux-image-6.1.0-9-cloud-amd64"}},
		{kernel{"6.1", "arm64"}, []string{"linux-image-6.1.0-57-cloud-arm64"}},
		{kernel{"6.12", "amd64"}, []string{"linux-image-6.12.117+deb12-cloud-amd64", "linux-image-6.12.9+deb12-cloud-amd64"}},
		{kernel{"7.3", "amd64"}, []string{"linux-binary-7.3.4+deb13-cloud-amd64", "linux-image-7.3.4+deb13-cloud-amd64"}},
		{kernel{"5.15", "amd64"}, nil},
	} {
		assert.Equal(t, test.want, test.kernel.packages(names), "%v", test.kernel)
	}
	assert.Equal(t, "linux-binary-7.3.4+deb13-cloud-amd64", kernel{"", "amd64"}.packages(names)[0], "the newest")
}
