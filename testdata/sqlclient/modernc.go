// SPDX-License-Identifier: Apache-2.0

//go:build modernc

package main

import _ "modernc.org/sqlite" // driver "sqlite": SQLite in Go, which takes minutes to compile
