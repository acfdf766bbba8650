// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"strconv"
	"syscall"
)

// Option says how Start runs a program.
type Option func(*settings)

type settings struct {
	args, env  []string
	tls        bool
	crash      bool
	cloneflags uintptr
	network    bool
	networkOf  *Target
	container  string
}

// Args appends to the arguments of the program.
func Args(args ...string) Option {
	return func(s *settings) { s.args = append(s.args, args...) }
}

// Env adds "name=value" to the environment that the program has from the test.
func Env(variables ...string) Option {
	return func(s *settings) { s.env = append(s.env, variables...) }
}

// GOMAXPROCS limits the program to n threads of Go code at a time.
func GOMAXPROCS(n int) Option {
	return Env("GOMAXPROCS=" + strconv.Itoa(n))
}

// TLS has httpserver serve TLS, HTTP/2 included.
func TLS() Option {
	return func(s *settings) {
		s.tls = true
		s.args = append(s.args, "-tls")
	}
}

// ExpectCrash is for programs that the test lets die: the test fails if they do not end by themselves.
func ExpectCrash() Option {
	return func(s *settings) { s.crash = true }
}

// PIDNamespace gives the program a pid namespace of its own, in which it is process 1.
func PIDNamespace() Option {
	return func(s *settings) { s.cloneflags |= syscall.CLONE_NEWPID }
}

// NetworkNamespace gives the program a network namespace of its own, with a loopback device.
// DialContext and Client reach into it.
func NetworkNamespace() Option {
	return func(s *settings) { s.network = true }
}

// NetworkOf puts the program into the network namespace of another one, which has NetworkNamespace.
func NetworkOf(other *Target) Option {
	return func(s *settings) { s.networkOf = other }
}

// Container gives the program a mount namespace of its own, whose root is an overlay file system
// like a container's, with the executable at path. Programs of one executable in two containers
// share its file, as they do when they run from one image.
func Container(path string) Option {
	return func(s *settings) { s.container = path }
}
