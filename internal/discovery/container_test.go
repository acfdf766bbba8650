// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParseCgroup(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	outer := strings.Repeat("f", 64)
	const uid = "0f2a9c46-72a3-4a0b-8c64-5c0e4ad6f2c1"
	underscores := strings.ReplaceAll(uid, "-", "_")
	const static = "8b7f7a0c3f0d9e6b5a4c3d2e1f0a9b8c"
	for name, test := range map[string]struct{ content, container, pod string }{
		"no container":     {"0::/system.slice/sshd.service\n", "", ""},
		"root":             {"0::/\n", "", ""},
		"user session":     {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/shop.scope\n", "", ""},
		"docker v1":        {"12:pids:/docker/" + id + "\n11:cpu,cpuacct:/docker/" + id + "\n0::/\n", id, ""},
		"docker v2":        {"0::/system.slice/docker-" + id + ".scope\n", id, ""},
		"nerdctl":          {"0::/system.slice/nerdctl-" + id + ".scope\n", id, ""},
		"containerd":       {"0::/default/" + id + "\n", id, ""},
		"podman":           {"0::/machine.slice/libpod-" + id + ".scope/container\n", id, ""},
		"podman rootless":  {"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id + ".scope\n", id, ""},
		"systemd inside":   {"0::/system.slice/docker-" + id + ".scope/system.slice/shop.service\n", id, ""},
		"kubelet cgroupfs": {"9:memory:/kubepods/burstable/pod" + uid + "/" + id + "\n", id, uid},
		"kubelet guaranteed": {
			"0::/kubepods.slice/kubepods-pod" + underscores + ".slice/cri-containerd-" + id + ".scope\n", id, uid,
		},
		"kubelet systemd": {
			"0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + underscores +
				".slice/cri-containerd-" + id + ".scope\n", id, uid,
		},
		"cri-o": {
			"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + underscores +
				".slice/crio-" + id + ".scope/container\n", id, uid,
		},
		"containerd, systemd driver on v1": {
			"1:name=systemd:/system.slice/containerd.service/kubepods-besteffort-pod" + underscores +
				".slice:cri-containerd:" + id + "\n", id, uid,
		},
		"static pod": {"0::/kubepods/burstable/pod" + static + "/" + id + "\n", id, static},
		"seen from a cgroup namespace": {
			"0::/../../kubepods-pod" + underscores + ".slice/cri-containerd-" + id + ".scope\n", id, uid,
		},
		"container in container": {
			"0::/docker/" + outer + "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" + underscores +
				".slice/cri-containerd-" + id + ".scope\n", id, uid,
		},
		"one after the other":    {"0::/" + outer + "/" + id + "\n", id, ""},
		"cgroup v1 after v2":     {"0::/\n3:pids:/docker/" + id + "\n", id, ""},
		"too short":              {"0::/docker/" + id[1:] + "\n", "", ""},
		"too long":               {"0::/docker/" + id + "0\n", "", ""},
		"pod by another name":    {"0::/podium/x\n", "", ""},
		"colons in the path":     {"0::/a:b/docker-" + id + ".scope\n", id, ""},
		"no last line feed":      {"0::/docker/" + id, id, ""},
		"not a line of a cgroup": {"docker-" + id + "\n", "", ""},
		"empty":                  {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			container, pod := parseCgroup(test.content)
			assert.Equal(t, test.container, container)
			assert.Equal(t, test.pod, pod)
		})
	}
}

func FuzzParseCgroup(f *testing.F) {
	f.Add("0::/kubepods/pod0f2a9c46-72a3-4a0b-8c64-5c0e4ad6f2c1/" + strings.Repeat("0", 64) + "\n")
	f.Fuzz(func(t *testing.T, content string) {
		container, pod := parseCgroup(content)
		assert.Contains(t, []int{0, 64}, len(container))
		assert.Contains(t, []int{0, 32, 36}, len(pod))
	})
}
