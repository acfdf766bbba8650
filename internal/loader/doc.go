// SPDX-License-Identifier: Apache-2.0

// Package loader owns the kernel side: it loads the programs of all libraries around
// one set of maps, attaches them to binaries and keeps what they know of targets.
package loader
