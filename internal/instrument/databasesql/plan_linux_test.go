// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// chosen is a program with its variant, and the kind of site that it is at.
type chosen struct {
	instrumentation string
	program         string
	variant         uint8
	kind            gobinary.SiteKind
}

// expectedSites are the sites of a program that uses all of database/sql.
func expectedSites(goarch string) map[chosen]int {
	entry := gobinary.SiteFrame
	if goarch == "arm64" {
		entry = gobinary.SiteStackCheck
	}
	sites := map[chosen]int{
		// What a statement that succeeds passes.
		{statement, "sql_statement_start", receiverDB, entry}:               2,
		{statement, "sql_statement_start", receiverConn, entry}:             2,
		{statement, "sql_statement_start", receiverTx, entry}:               2,
		{statement, "sql_statement_start", receiverStmt, entry}:             2,
		{statement, "sql_success", successStatement, gobinary.SiteCall}:     3,
		{statement, "sql_success", successResult, gobinary.SiteBranch}:      2,
		{statement, "sql_end", endRelease, entry}:                           2,
		{transaction, "sql_transaction_start", beginDB, entry}:              1,
		{transaction, "sql_transaction_start", beginConn, entry}:            1,
		{transaction, "sql_transaction_start", commit, entry}:               1,
		{transaction, "sql_transaction_start", rollback, gobinary.SiteCall}: 1,
		{transaction, "sql_success", successTransaction, gobinary.SiteCall}: 1,
		{transaction, "sql_end", endResult, gobinary.SiteCall}:              2,
		{ping, "sql_ping_start", receiverDB, entry}:                         1,
		{ping, "sql_ping_start", receiverConn, entry}:                       1,
		{ping, "sql_end", endPart, gobinary.SiteIndirectCall}:               1,

		// What errors lead to.
		{statement, "sql_return", 1, gobinary.SiteReturn}:            2,
		{statement, "sql_return", 2, gobinary.SiteReturn}:            2,
		{transaction, "sql_return", 1, gobinary.SiteReturn}:          1,
		{transaction, "sql_return", 0, gobinary.SiteReturn}:          3,
		{transaction, "sql_end", endPart, gobinary.SiteIndirectCall}: 1,
		{ping, "sql_return", 0, gobinary.SiteReturn}:                 1,
	}
	for _, instrumentation := range []string{statement, transaction, ping} {
		maps.Copy(sites, map[chosen]int{
			{instrumentation, "sql_end", endFailed, gobinary.SiteCall}:        1,
			{instrumentation, "sql_end", endVerdict, gobinary.SiteBranch}:     1,
			{instrumentation, "sql_end", endLastAttempt, gobinary.SiteReturn}: 1,
			{instrumentation, "sql_panic", 0, entry}:                          1,
			{instrumentation, "sql_recovery", 0, entry}:                       1,
			{instrumentation, "sql_exit", 0, entry}:                           1,
		})
	}
	return sites
}

// TestPlan holds the sites in every version of Go to a list: what is on the way of a
// statement or transaction that succeeds is cheap, and nothing is stepped but the returns
// of errors, and the end of a ping.
func TestPlan(t *testing.T) {
	for _, version := range targettest.Versions() {
		if version < "1.21" {
			continue
		}
		for _, build := range []targettest.Build{
			{Program: "sqlclient"},
			{Program: "sqlclient", Strip: true},
			{Program: "sqlclient", Strip: true, PIE: true},
			{Program: "sqlclient", Strip: true, GOARCH: "arm64"},
		} {
			build.Go = version
			t.Run(build.String(), func(t *testing.T) {
				plan := instrumenttest.Plan(t, Library(), targettest.Binary(t, build))
				assert.Empty(t, plan.Problems)
				assert.Empty(t, plan.Missing)
				counts := map[chosen]int{}
				for _, probe := range plan.Probes {
					counts[chosen{probe.Instrumentation, probe.Program, probe.Variant, probe.Site.Kind}]++
				}
				assert.Equal(t, expectedSites(build.GOARCH), counts)
				checkOrder(t, plan.Probes)
				checkDrivers(t, plan.Layout.(layout))
			})
		}
	}
}

// checkOrder holds all starts to be behind all ends, which are attached first.
func checkOrder(t *testing.T, probes []instrument.Probe) {
	isStart := func(probe instrument.Probe) bool {
		return slices.Contains([]string{statementStart, transactionStart, pingStart}, probe.Program)
	}
	first := slices.IndexFunc(probes, isStart)
	assert.False(t, slices.ContainsFunc(probes[first:], func(probe instrument.Probe) bool { return !isStart(probe) }))
}

// checkDrivers looks for the drivers that sqlclient has with what is read of them.
func checkDrivers(t *testing.T, l layout) {
	found := map[string]bool{}
	for _, connector := range l.Connectors {
		if connector.Type != 0 {
			kind := connectorKinds[connector.Driver]
			found[kind.typeName] = true
			has := connector.Source != instrument.Missing
			assert.Equal(t, kind.source != "", has, kind.typeName)
		}
	}
	for _, name := range []string{
		pqPackage + ".Driver", pqPackage + ".Connector", pgxPackage + "/stdlib.connector", pgxPackage + "/stdlib.driverConnector",
		mysqlPackage + ".connector", mssqlPackage + ".Connector",
	} {
		assert.True(t, found[name], name)
	}
	kinds := map[uint16]int{}
	for _, err := range l.Errors {
		if err.Type != 0 {
			kinds[err.Kind]++
		}
	}
	for _, kind := range []uint16{codeString, codeUint16, codeInt32, codeWrapped} {
		assert.Positive(t, kinds[kind], "errors with a code of kind %d", kind)
	}
	assert.NotZero(t, l.DSNConnector)
	assert.NotEqual(t, l.GSigcode0 == instrument.Missing, l.PanicSP == instrument.Missing)
}

// TestPlanOfDrivers looks at the drivers of today, and at both of SQLite.
func TestPlanOfDrivers(t *testing.T) {
	for _, test := range []struct {
		build targettest.Build
		types []string
	}{
		{targettest.Build{ModFile: "go.latest.mod"}, nil},
		{targettest.Build{ModFile: "go.latest.mod", Tags: []string{"modernc"}}, []string{moderncPackage + ".Driver"}},
		{targettest.Build{Tags: []string{"mattn"}, CGO: true}, []string{mattnPackage + ".SQLiteDriver"}},
	} {
		test.build.Program, test.build.Go, test.build.Strip = "sqlclient", "1.27", true
		t.Run(test.build.String(), func(t *testing.T) {
			plan := instrumenttest.Plan(t, Library(), targettest.Binary(t, test.build))
			assert.Empty(t, plan.Problems)
			assert.Empty(t, plan.Missing)
			l := plan.Layout.(layout)
			checkDrivers(t, l)
			found := map[string]bool{}
			codes := map[uint16]bool{}
			for i := range l.Connectors {
				if l.Connectors[i].Type != 0 {
					found[connectorKinds[l.Connectors[i].Driver].typeName] = true
				}
			}
			for _, err := range l.Errors {
				codes[err.Kind] = true
			}
			for _, name := range test.types {
				assert.True(t, found[name], name)
				assert.True(t, codes[codeInt64], "errors of SQLite have their code in an int")
			}
		})
	}
}

func TestPlanWithoutLibrary(t *testing.T) {
	path, err := exec.LookPath("gofmt") // `go test` puts its toolchain's first in PATH
	require.NoError(t, err)
	assert.Equal(t, instrument.Plan{}, instrumenttest.Plan(t, Library(), path))
}

// TestPlanOfOlderGo says that the versions before 1.21 are not traced, and traces nothing.
func TestPlanOfOlderGo(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module example.com/old\n\ngo 1.18\n",
		"main.go": "package main\n\nimport \"database/sql\"\n\nfunc main() {\n\tdb, err := sql.Open(\"\", \"\")\n\tif err == nil {\n\t\tdb.Query(\"\")\n\t}\n}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	build := exec.Command("go", "build", "-o", "old", ".")
	build.Dir = folder
	build.Env = append(os.Environ(), "GOROOT=", "GOTOOLCHAIN=go1.20.14", "GOFLAGS=-buildvcs=false", "GOWORK=off", "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	plan := instrumenttest.Plan(t, Library(), filepath.Join(folder, "old"))
	assert.Empty(t, plan.Probes)
	require.Len(t, plan.Problems, 1)
	assert.Contains(t, plan.Problems[0], "go1.20.14, which is older than go1.21")
}
