// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"regexp"
	"strings"
)

var (
	// Docker, containerd, CRI-O and Podman name the cgroup of a container by its id,
	// alone or between a prefix (docker-, cri-containerd-, crio-, libpod-) and .scope.
	// With the systemd driver on cgroups v1 it is slice:prefix:id.
	containerID = regexp.MustCompile(`(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:/|$)`)
	// The kubelet names the cgroup of a pod pod<uid>, or kubepods-<class>-pod<uid>.slice
	// with the dashes of the uid written as underscores. The uid of a static pod is a
	// hash without dashes.
	podUID = regexp.MustCompile(`[/-]pod([0-9a-f]{8}(?:[_-][0-9a-f]{4}){3}[_-][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?:[/:]|$)`)
)

// parseCgroup finds the container and the pod in the content of /proc/PID/cgroup.
// Where containers are nested, it is the innermost.
func parseCgroup(content string) (container, pod string) {
	for line := range strings.Lines(content) {
		// hierarchy:controllers:path
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 {
			continue
		}
		if container == "" {
			container = last(containerID, parts[2])
		}
		if pod == "" {
			pod = strings.ReplaceAll(last(podUID, parts[2]), "_", "-")
		}
	}
	return container, pod
}

// last returns the group of the last match. Matches may share a separator.
func last(expression *regexp.Regexp, s string) string {
	found := ""
	for {
		match := expression.FindStringSubmatchIndex(s)
		if match == nil {
			return found
		}
		found = s[match[2]:match[3]]
		s = s[match[3]:]
	}
}
