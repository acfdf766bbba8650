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
	releasedConn            // a Conn has its connection back
	releasedTx              // a Tx has it back
	begun                   // beginDC has succeeded
	notBegun                // it has not
	pinged                  // pingDC has its result
	committed
	rolledBack
	endCount
)

// The programs at these places, and the variants of sql_end, enum end.
const (
	endProgram   = "sql_end"
	beginProgram = "sql_begin_end"

	endAttempt     = 0
	endFailed      = 1
	endVerdict     = 2
	endLastAttempt = 3
	endSuccess     = 4
	endRelease     = 5
	endResult      = 6
	endPart        = 7
)

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
		return p.sites(queryDC, endProgram, endSuccess, p.callsOf(initContextClose))
	case releasedConn:
		return p.sites(releaseConn, endProgram, endRelease, entry)
	case releasedTx:
		return p.sites(releaseTx, endProgram, endRelease, entry)
	case begun:
		return p.sites(beginDC, beginProgram, 0, p.callsOf(newproc))
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
