// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"slices"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// end is a place that operations end at.
type end int

const (
	attempted    end = iota // an attempt of retry has succeeded
	failed                  // retry gives up
	queried                 // queryDC has succeeded
	queriedDB               // it has, called by what retry calls
	executedDB              // DB.exec has succeeded, in the same way
	queriedStmt             // the func in Stmt.QueryContext has
	executedStmt            // resultFromStatement has, in the func in Stmt.ExecContext
	releasedConn            // a Conn has its connection back
	releasedTx              // a Tx has it back
	begun                   // beginDC has succeeded
	notBegun                // it has not
	pinged                  // pingDC has its result
	committed
	rolledBack
	endCount
)

// The programs at these places, and their variants, enum end and enum success.
const (
	endProgram     = "sql_end"
	successProgram = "sql_success"

	endAttempt     = 0
	endFailed      = 1
	endVerdict     = 2
	endLastAttempt = 3
	endRelease     = 4
	endResult      = 5
	endPart        = 6

	successTransaction = 0
	successStatement   = 1
	successResult      = 2
)

// instead is the end that serves where another one has no sites. All attempts of retry pass it, so that an
// operation which has an end of its own has a hit less.
var instead = map[end]end{queriedDB: attempted, executedDB: attempted, queriedStmt: attempted, executedStmt: attempted}

// probes returns the probes of an end, or nil if it has not all of its sites. They have no
// instrumentation yet.
func (p *planner) probes(e end) []instrument.Probe {
	switch e {
	case attempted:
		return p.sites(retry, endProgram, endAttempt, p.attempts)
	case failed:
		failures := p.sites(retry, endProgram, endFailed, p.callsOf(errorsIs))
		verdicts := p.sites(retry, endProgram, endVerdict, p.verdicts)
		last := p.sites(retry, endProgram, endLastAttempt, p.lastAttempts)
		if failures == nil || verdicts == nil || last == nil {
			return nil
		}
		return slices.Concat(failures, verdicts, last)
	case queried:
		return p.sites(queryDC, successProgram, successStatement, p.callsOf(initContextClose))
	case queriedDB:
		if !p.leads(queryFunc, queryDB, queryDC) {
			return nil
		}
		return p.ends[queried]
	case executedDB:
		return p.sites(execFunc, successProgram, successResult, p.resultsOf(execDB))
	case queriedStmt:
		return p.sites(stmtQueryFunc, successProgram, successStatement, p.callsOf(initContextClose))
	case executedStmt:
		return p.sites(stmtExecFunc, successProgram, successResult, p.resultsOf(resultFromStatement))
	case releasedConn:
		return p.sites(releaseConn, endProgram, endRelease, entry)
	case releasedTx:
		return p.sites(releaseTx, endProgram, endRelease, entry)
	case begun:
		return p.sites(beginDC, successProgram, successTransaction, p.callsOf(newproc))
	case notBegun:
		return p.sites(beginDC, endProgram, endPart, (*gobinary.Code).IndirectCalls)
	case pinged:
		return p.sites(pingDC, endProgram, endPart, (*gobinary.Code).IndirectCalls)
	case committed:
		return p.sites(pkg+"(*Tx).Commit", endProgram, endResult, p.callsOf(errorsIs))
	case rolledBack:
		return p.sites(pkg+"(*Tx).rollback", endProgram, endResult, p.callsOf(errorsIs))
	}
	return nil
}

func entry(code *gobinary.Code) []gobinary.Site {
	site, err := code.Entry()
	if err != nil {
		return nil
	}
	return []gobinary.Site{site}
}

// callsOf chooses the calls of one function.
func (p *planner) callsOf(name string) func(*gobinary.Code) []gobinary.Site {
	return func(code *gobinary.Code) (sites []gobinary.Site) {
		for _, function := range p.Functions[name] {
			sites = append(sites, code.Calls(function)...)
		}
		return sites
	}
}

// leads tells whether each of some functions calls the next one, so that none of those is inlined.
func (p *planner) leads(names ...string) bool {
	for i, name := range names[:len(names)-1] {
		if p.sites(name, "", 0, p.callsOf(names[i+1])) == nil {
			return false
		}
	}
	return true
}

// resultsOf chooses the first branch behind each call of a function that returns two words and an error, whatever it
// tests: the results are still where they were returned. A call without one is no end.
func (p *planner) resultsOf(name string) func(*gobinary.Code) []gobinary.Site {
	return func(code *gobinary.Code) (sites []gobinary.Site) {
		for _, call := range p.callsOf(name)(code) {
			site, ok := code.JumpAfter(call, gobinary.Register2)
			if !ok {
				return nil
			}
			sites = append(sites, site)
		}
		return sites
	}
}

// attempts chooses the comparison of the error behind the call of the func that retry is
// given, in its loop.
func (p *planner) attempts(code *gobinary.Code) (sites []gobinary.Site) {
	for _, branch := range attemptBranches(code) {
		sites = append(sites, branch.Site)
	}
	return sites
}

func attemptBranches(code *gobinary.Code) (branches []gobinary.Branch) {
	for _, call := range code.IndirectCalls() {
		if branch, ok := code.BranchAfter(call, gobinary.Register0); ok {
			branches = append(branches, branch)
		}
	}
	return branches
}

// verdicts chooses the comparison behind errors.Is.
func (p *planner) verdicts(code *gobinary.Code) (sites []gobinary.Site) {
	for _, call := range p.callsOf(errorsIs)(code) {
		if branch, ok := code.BoolBranchAfter(call); ok {
			sites = append(sites, branch.Site)
		}
	}
	return sites
}

// lastAttempts chooses the returns that no other attempt but the last leads to.
func (p *planner) lastAttempts(code *gobinary.Code) (sites []gobinary.Site) {
	branches := attemptBranches(code)
	for _, ret := range code.Returns() {
		if !slices.ContainsFunc(branches, func(b gobinary.Branch) bool { return code.Reaches(b.Zero, ret) }) {
			sites = append(sites, ret)
		}
	}
	return sites
}
