// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"testing"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// sqlBuild is the program that uses database/sql, with the newest drivers if Go is new enough for them.
func sqlBuild(version string, strip, pie bool) targettest.Build {
	build := targettest.Build{Program: "sqlclient", Go: version, Strip: strip, PIE: pie}
	if version == "1.26" || version == "1.27" {
		build.ModFile = "go.latest.mod"
	}
	return build
}

// sqlVersions are the versions of Go whose database/sql is traced.
func sqlVersions() []string {
	versions := targettest.Versions()
	return versions[3:] // from 1.21 on
}

// sqlBuilds are every version, and the oldest and the newest linked in every way.
func sqlBuilds() (builds []targettest.Build) {
	versions := sqlVersions()
	for _, version := range versions {
		builds = append(builds, sqlBuild(version, true, true))
	}
	for _, version := range []string{versions[0], versions[len(versions)-1]} {
		builds = append(builds, sqlBuild(version, false, false), sqlBuild(version, true, false), sqlBuild(version, false, true))
	}
	return builds
}

// What an application does with PostgreSQL gives the same traces with either driver.
func TestSQLPostgres(t *testing.T) {
	p := targettest.StartPostgres(t)
	addresses := map[string]string{p.Address(): "postgres"}
	for _, build := range sqlBuilds() {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			e := expectation{golden: isGolden(build), routes: true, addresses: addresses}
			checkSQL(t, c, x, sqlDatabase{driver: "postgres", dsn: p.DSN()}, postgresCases(), "sql-", e)
			e.golden = false
			checkSQL(t, c, x, sqlDatabase{driver: "pgx", dsn: p.DSN()}, postgresCases(), "sql-", e)
		})
	}
}
