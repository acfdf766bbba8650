// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBranchAfter(t *testing.T) {
	const call, bl = "e8 00 00 00 00 |", "94000000 |"
	branch := func(at, zero, nonZero uint64) Branch {
		return Branch{siteAt(at, SiteBranch), codeEntry + zero, codeEntry + nonZero}
	}
	for _, c := range []struct {
		name     string
		arch     Arch
		text     string
		register Register
		want     Branch // none if it is zero
	}{
		{"TESTQ, JE", AMD64, call + "48 85 db | 74 01 | 90 | c3", 1, branch(8, 11, 10)},
		{"TESTQ, JNE", AMD64, call + "48 85 db | 75 01 | 90 | c3", 1, branch(8, 10, 11)},
		{"long jump", AMD64, call + "48 85 db | 0f 84 01 00 00 00 | 90 | c3", 1, branch(8, 15, 14)},
		{"CMPQ", AMD64, call + "48 83 fb 00 | 74 01 | 90 | c3", 1, branch(9, 12, 11)},
		{"padding", AMD64, call + "66 0f 1f 44 00 00 | 48 85 c0 | 74 01 | 90 | c3", 0, branch(14, 17, 16)},
		{"result is spilled", AMD64, call + "48 89 44 24 08 | 48 85 c9 | 74 01 | 90 | c3", 2, branch(13, 16, 15)},
		{"move behind the test", AMD64, call + "48 85 db | 48 89 ca | 74 01 | 90 | c3", 1, branch(11, 14, 13)},
		{"indirect call", AMD64, "ff d1 | 48 85 db | 74 01 | 90 | c3", 1, branch(5, 8, 7)},
		{"jump in between", AMD64, call + "eb 01 | cc | 48 85 db | 74 01 | 90 | c3", 1, branch(11, 14, 13)},
		{"another call ends there", AMD64, call + "eb 05 | " + call + "48 85 db | 74 01 | 90 | c3", 1, branch(15, 18, 17)},
		{"fourth register", AMD64, call + "48 85 ff | 75 01 | 90 | c3", 3, branch(8, 10, 11)},
		{"fourth register is spilled", AMD64, call + "48 89 7c 24 08 | 48 85 ff | 75 01 | 90 | c3", 3, branch(13, 15, 16)},
		{"fourth register is of no interest", AMD64, call + "48 89 c7 | 48 85 db | 74 01 | 90 | c3", 1, branch(11, 14, 13)},

		{"fourth register is overwritten", AMD64, call + "48 89 c7 | 48 85 ff | 75 01 | 90 | c3", 3, Branch{}},
		{"half of the fourth is", AMD64, call + "31 ff | 48 85 ff | 75 01 | 90 | c3", 3, Branch{}},
		{"overwritten on another way", AMD64, call + "eb 08 | " + call + "48 89 c7 | 48 85 ff | 75 01 | 90 | c3", 3, Branch{}},
		{"other register", AMD64, call + "48 85 c0 | 74 01 | 90 | c3", 1, Branch{}},
		{"half a register", AMD64, call + "85 db | 74 01 | 90 | c3", 1, Branch{}},
		{"bool", AMD64, call + "84 db | 74 01 | 90 | c3", 1, Branch{}},
		{"two registers", AMD64, call + "48 85 d3 | 74 01 | 90 | c3", 1, Branch{}},
		{"other condition", AMD64, call + "48 85 db | 77 01 | 90 | c3", 1, Branch{}},
		{"result is overwritten", AMD64, call + "48 8b 5c 24 08 | 48 85 db | 74 01 | 90 | c3", 1, Branch{}},
		{"other result is overwritten", AMD64, call + "48 8b 4c 24 08 | 48 85 db | 74 01 | 90 | c3", 1, Branch{}},
		{"byte is overwritten", AMD64, call + "0f b6 c9 | 48 85 db | 74 01 | 90 | c3", 1, Branch{}},
		{"flags are overwritten", AMD64, call + "48 85 db | 31 d2 | 74 01 | 90 | c3", 1, Branch{}},
		{"other test", AMD64, call + "48 85 db | 48 85 d2 | 74 01 | 90 | c3", 1, Branch{}},
		{"no test", AMD64, call + "74 01 | 90 | c3", 1, Branch{}},
		{"not the first jump", AMD64, call + "74 00 | 48 85 db | 74 01 | 90 | c3", 1, Branch{}},
		{"call in between", AMD64, call + call + "48 85 db | 74 01 | 90 | c3", 1, Branch{}},
		{"return in between", AMD64, call + "c3 | 48 85 db | 74 01 | 90 | c3", 1, Branch{}},
		{"unknown instruction", AMD64, call + "0f a2 | 48 85 db | 74 01 | 90 | c3", 1, Branch{}},
		{"compared with another", AMD64, call + "48 39 1d 00 00 00 00 | 75 01 | 90 | c3", 1, Branch{}},
		{"a branch ends there", AMD64, call + "48 85 db | 74 01 | 90 | 77 f8 | c3", 1, Branch{}},
		{"a jump ends there", AMD64, call + "48 85 db | 74 01 | 90 | eb f8", 1, Branch{}},
		{"falls into the jump's target", AMD64, call + "eb 03 | 48 31 db | 48 85 db | 74 01 | 90 | c3", 1, Branch{}},
		{"jump out", AMD64, call + "eb 7f", 1, Branch{}},
		{"endless jump", AMD64, call + "eb fe", 1, Branch{}},
		{"end of the function", AMD64, call, 1, Branch{}},
		{"no call", AMD64, "90 | 48 85 db | 74 01 | 90 | c3", 1, Branch{}},

		{"CBZ", ARM64, bl + "b4000041 | d503201f | d65f03c0", 1, branch(4, 12, 8)},
		{"CBNZ", ARM64, bl + "b5000041 | d503201f | d65f03c0", 1, branch(4, 8, 12)},
		{"result is spilled", ARM64, bl + "f90043e1 | b4000041 | d503201f | d65f03c0", 1, branch(8, 16, 12)},
		{"copied", ARM64, bl + "aa0103e3 | b4000040 | d503201f | d65f03c0", 0, branch(8, 16, 12)},
		{"indirect call", ARM64, "d63f0120 | b4000042 | d503201f | d65f03c0", 2, branch(4, 12, 8)},
		{"fourth register", ARM64, bl + "b5000043 | d503201f | d65f03c0", 3, branch(4, 8, 12)},
		{"fourth register is spilled", ARM64, bl + "f90043e3 | b5000043 | d503201f | d65f03c0", 3, branch(8, 12, 16)},

		{"fourth register is overwritten", ARM64, bl + "aa0103e3 | b5000043 | d503201f | d65f03c0", 3, Branch{}},
		{"fourth register is loaded", ARM64, bl + "a9400fe4 | b5000043 | d503201f | d65f03c0", 3, Branch{}},
		{"fourth register is a base that moves", ARM64, bl + "f8008464 | b5000043 | d503201f | d65f03c0", 3, Branch{}},
		{"other register", ARM64, bl + "b4000040 | d503201f | d65f03c0", 1, Branch{}},
		{"half a register", ARM64, bl + "34000041 | d503201f | d65f03c0", 1, Branch{}},
		{"no result register", ARM64, bl + "b4000045 | d503201f | d65f03c0", 0, Branch{}},
		{"bool", ARM64, bl + "37000041 | d503201f | d65f03c0", 1, Branch{}},
		{"result is loaded", ARM64, bl + "f94007e1 | b4000041 | d503201f | d65f03c0", 1, Branch{}},
		{"other result is loaded", ARM64, bl + "a94087e3 | a94087e2 | b4000041 | d503201f | d65f03c0", 1, Branch{}},
		{"result is a base that moves", ARM64, bl + "f8008403 | b4000041 | d503201f | d65f03c0", 1, Branch{}},
		{"compared with another", ARM64, bl + "eb04003f | 54000041 | d503201f | d65f03c0", 1, Branch{}},
		{"unknown instruction", ARM64, bl + "00000000 | b4000041 | d503201f | d65f03c0", 1, Branch{}},
	} {
		t.Run(c.arch.String()+" "+c.name, func(t *testing.T) {
			got, ok := code(t, c.arch, c.text).BranchAfter(siteAt(0, SiteCall), c.register)
			require.Equal(t, c.want != Branch{}, ok)
			if ok {
				assert.Equal(t, c.want, got)
			}
		})
	}
}

func TestBoolBranchAfter(t *testing.T) {
	const call, bl = "e8 00 00 00 00 |", "94000000 |"
	for _, c := range []struct {
		name     string
		arch     Arch
		text     string
		at       uint64
		isFalse  uint64
		isTrue   uint64
		notFound bool
	}{
		{name: "TESTB, JE", arch: AMD64, text: call + "84 c0 | 74 01 | 90 | c3", at: 7, isFalse: 10, isTrue: 9},
		{name: "TESTB, JNE", arch: AMD64, text: call + "84 c0 | 75 01 | 90 | c3", at: 7, isFalse: 9, isTrue: 10},
		{name: "padding", arch: AMD64, text: call + "66 90 | 84 c0 | 75 01 | 90 | c3", at: 9, isFalse: 11, isTrue: 12},
		{name: "other register", arch: AMD64, text: call + "84 db | 75 01 | 90 | c3", notFound: true},
		{name: "second byte", arch: AMD64, text: call + "84 e4 | 75 01 | 90 | c3", notFound: true},
		{name: "two registers", arch: AMD64, text: call + "84 d8 | 75 01 | 90 | c3", notFound: true},
		{name: "the whole register", arch: AMD64, text: call + "48 85 c0 | 75 01 | 90 | c3", notFound: true},
		{name: "result is overwritten", arch: AMD64, text: call + "31 c0 | 84 c0 | 75 01 | 90 | c3", notFound: true},

		{name: "TBZ", arch: ARM64, text: bl + "36000040 | d503201f | d65f03c0", at: 4, isFalse: 12, isTrue: 8},
		{name: "TBNZ", arch: ARM64, text: bl + "37000040 | d503201f | d65f03c0", at: 4, isFalse: 8, isTrue: 12},
		{name: "other bit", arch: ARM64, text: bl + "37080040 | d503201f | d65f03c0", notFound: true},
		{name: "high bit", arch: ARM64, text: bl + "b7000040 | d503201f | d65f03c0", notFound: true},
		{name: "other register", arch: ARM64, text: bl + "37000041 | d503201f | d65f03c0", notFound: true},
		{name: "the whole register", arch: ARM64, text: bl + "b4000040 | d503201f | d65f03c0", notFound: true},
	} {
		t.Run(c.arch.String()+" "+c.name, func(t *testing.T) {
			got, ok := code(t, c.arch, c.text).BoolBranchAfter(siteAt(0, SiteCall))
			require.Equal(t, !c.notFound, ok)
			if ok {
				assert.Equal(t, Branch{siteAt(c.at, SiteBranch), codeEntry + c.isFalse, codeEntry + c.isTrue}, got)
			}
		})
	}
}

func TestComparisonAfter(t *testing.T) {
	const call, compared = "ff d1 |", "48 39 1d 00 00 00 00 |" // CMPQ variable, BX
	for _, c := range []struct {
		name           string
		text           string
		at             uint64
		equal, unequal uint64 // 0: there is none
	}{
		{"JNE", call + compared + "75 01 | 90 | c3", 9, 11, 12},
		{"JE", call + compared + "74 01 | 90 | c3", 9, 12, 11},
		{"padding", call + "66 90 |" + compared + "75 01 | 90 | c3", 11, 13, 14},
		{"spilled", call + compared + "48 89 44 24 08 | 75 01 | 90 | c3", 14, 16, 17},
		{"other condition", call + compared + "77 01 | 90 | c3", 0, 0, 0},
		{"compared with zero", call + "48 85 db | 75 01 | 90 | c3", 0, 0, 0},
		{"result is overwritten", call + compared + "48 8b 44 24 08 | 75 01 | 90 | c3", 0, 0, 0},
		{"called again", call + call + compared + "75 01 | 90 | c3", 0, 0, 0},
		{"a branch ends there", call + compared + "75 01 | 90 | 77 f4 | c3", 0, 0, 0},
		{"no branch", call + compared + "c3", 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := code(t, AMD64, c.text).ComparisonAfter(siteAt(0, SiteIndirectCall), Register1)
			require.Equal(t, c.equal != 0, ok)
			if ok {
				assert.Equal(t, Branch{siteAt(c.at, SiteBranch), codeEntry + c.equal, codeEntry + c.unequal}, got)
			}
		})
	}
}

func TestJumpAfter(t *testing.T) {
	// The check of runtime.writeBarrier behind a call whose results are stored.
	const call, stored, barrier = "ff d1 |", "48 8b 54 24 48 | 48 89 02 |", "83 3d 00 00 00 00 00 |"
	for _, c := range []struct {
		name string
		arch Arch
		text string
		at   uint64 // 0: there is none
	}{
		{"JNE", AMD64, call + barrier + "75 01 | 90 | c3", 9},
		{"JE behind a store", AMD64, call + stored + barrier + "66 90 | 74 01 | 90 | c3", 19},
		{"another condition", AMD64, call + barrier + "77 01 | 90 | c3", 9},
		{"a test of the result", AMD64, call + "48 85 c9 | 75 01 | 90 | c3", 5},
		{"result is overwritten", AMD64, call + "48 8b 4c 24 08 |" + barrier + "75 01 | 90 | c3", 0},
		{"called again", AMD64, call + call + barrier + "75 01 | 90 | c3", 0},
		{"a branch ends there", AMD64, call + barrier + "75 01 | 90 | 77 f4 | c3", 0},
		{"no branch", AMD64, call + barrier + "c3", 0},

		{"CBNZ", ARM64, "d63f0040 | f9402be3 | 3940009b | 3500005b | d503201f | d65f03c0", 12},
		{"result of arm64 is overwritten", ARM64, "d63f0040 | f9402be2 | 3940009b | 3500005b | d503201f | d65f03c0", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := code(t, c.arch, c.text).JumpAfter(siteAt(0, SiteIndirectCall), Register2)
			require.Equal(t, c.at != 0, ok)
			if ok {
				assert.Equal(t, siteAt(c.at, SiteBranch), got)
			}
		})
	}
}

func TestBranchBefore(t *testing.T) {
	// A branch around the call of a function at 64, from the address after 7 bytes.
	const around, copied, called = "74 05 | e8 39 00 00 00 |", "48 89 c7 |", "ff d2 | c3"
	for _, c := range []struct {
		name string
		arch Arch
		text string
		at   int // of the branch; -1: there is none
	}{
		{"JE", AMD64, around + copied + called, 0},
		{"long JNE", AMD64, "0f 85 00 00 00 00 |" + copied + called, 0},
		{"the last of two", AMD64, "75 00 | 74 00 |" + copied + called, 2},
		{"others are written", AMD64, around + "48 8b 5c 24 08 | 48 8d 0d 00 00 00 00 |" + copied + called, 0},
		{"written behind the copy", AMD64, around + copied + "48 8b 44 24 08 |" + called, 0},
		{"stored", AMD64, around + "48 89 90 d0 00 00 00 |" + copied + called, 0},

		{"no branch", AMD64, copied + called, -1},
		{"no copy", AMD64, around + called, -1},
		{"half a copy", AMD64, around + "89 c7 |" + called, -1},
		{"a copy of another", AMD64, around + "48 89 d7 |" + called, -1},
		{"the copy is overwritten", AMD64, around + copied + "31 ff |" + called, -1},
		{"written before the copy", AMD64, around + "48 8b 44 24 08 |" + copied + called, -1},
		{"half written before the copy", AMD64, around + "31 c0 |" + copied + called, -1},
		{"written by its meaning", AMD64, around + "0f a2 |" + copied + called, -1},
		{"another function is called", AMD64, "74 05 | e8 39 01 00 00 |" + copied + called, -1},
		{"something is called", AMD64, "74 02 | ff d1 |" + copied + called, -1},
		{"called behind the copy", AMD64, "74 00 |" + copied + "e8 36 00 00 00 |" + called, -1},
		{"a way around the branch", AMD64, "75 02 |" + around + copied + called, -1},
		{"another way to the call", AMD64, "75 07 |" + around + copied + called, -1},
		{"a jump in between", AMD64, "74 02 | eb 00 |" + copied + called, -1},

		{"no need", ARM64, "54000040 | d503201f | aa0003e3 | d63f0040 | d65f03c0", -1},
	} {
		t.Run(c.arch.String()+" "+c.name, func(t *testing.T) {
			decoded := code(t, c.arch, c.text)
			calls := decoded.IndirectCalls()
			call := calls[len(calls)-1]
			got, ok := decoded.BranchBefore(call, Function{"barrier", codeEntry + 64, codeEntry + 80}, Function{"barrier 2", codeEntry + 66, codeEntry + 80})
			require.Equal(t, c.at >= 0, ok)
			if ok {
				assert.Equal(t, siteAt(uint64(c.at), SiteBranch), got)
			}
		})
	}
	_, ok := code(t, AMD64, around+copied+called).BranchBefore(siteAt(0, SiteCall))
	assert.False(t, ok, "no call")
}

func TestBranchAfterNoInstruction(t *testing.T) {
	c := code(t, AMD64, "e8 00 00 00 00 | 48 85 db | 74 01 | 90 | c3")
	_, ok := c.BranchAfter(siteAt(1, SiteCall), Register1)
	assert.False(t, ok)
}

func TestReaches(t *testing.T) {
	// 0: TESTQ; 3: JE 10; 5: RET; 6: JMP 0; 8: UD2; 10: CALL; 15: RET
	c := code(t, AMD64, "48 85 db | 74 05 | c3 | eb f8 | 0f 0b | e8 00 00 00 00 | c3")
	first, last := siteAt(5, SiteReturn), siteAt(15, SiteReturn)
	for _, q := range []struct {
		from uint64
		ret  Site
		want bool
	}{
		{0, first, true}, {0, last, true}, {5, first, true}, {5, last, false}, {10, last, true},
		{10, first, false}, {6, first, false}, {6, last, false}, {8, last, false},
		{1, last, false}, {99, last, false}, {0, siteAt(2, SiteReturn), false},
	} {
		assert.Equal(t, q.want, c.Reaches(codeEntry+q.from, q.ret), "%d to %#x", q.from, q.ret.Address)
	}

	// 0: JE 4; 2: JMP AX; 4: UD2; 6: RET
	c = code(t, AMD64, "74 02 | ff e0 | 0f 0b | c3")
	assert.True(t, c.Reaches(codeEntry, siteAt(6, SiteReturn)), "the table may lead there")
	assert.False(t, c.Reaches(codeEntry+4, siteAt(6, SiteReturn)))
}
