// SPDX-License-Identifier: Apache-2.0

//go:build mattn

package main

import _ "github.com/mattn/go-sqlite3" // driver "sqlite3": SQLite by cgo
