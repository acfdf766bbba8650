// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidate(t *testing.T) {
	for name, test := range map[string]struct {
		selector Selector
		want     string // start of the error, empty if there is none
	}{
		"all conditions": {Selector{
			Executable:   "/srv/*/bin/*",
			Ports:        []PortRange{{8080, 8080}, {9000, 9099}},
			Environment:  map[string]string{"TRACE_ME": "1"},
			PIDs:         []int{4711},
			ContainerIDs: []string{"3f4a*"},
		}, ""},
		"empty":                       {Selector{}, "no condition"},
		"glob":                        {Selector{Executable: "/srv/[a"}, "executable: "},
		"base name":                   {Selector{Executable: "checkout"}, "executable: "},
		"anywhere":                    {Selector{Executable: "**/checkout"}, ""},
		"alternatives":                {Selector{Executable: "{/srv,/opt}/**"}, ""},
		"** within an element":        {Selector{Executable: "/srv/check**"}, "executable: "},
		"escaped star":                {Selector{Executable: `/srv/\**`}, ""},
		"port 0":                      {Selector{Ports: []PortRange{{0, 80}}}, "ports: "},
		"ports reversed":              {Selector{Ports: []PortRange{{81, 80}}}, "ports: "},
		"last port":                   {Selector{Ports: []PortRange{{1, 65535}}}, ""},
		"variable without name":       {Selector{Environment: map[string]string{"": "1"}}, "environment: "},
		"variable with equals sign":   {Selector{Environment: map[string]string{"A=B": "1"}}, "environment: "},
		"glob of a variable":          {Selector{Environment: map[string]string{"A": "["}}, "environment: A: "},
		"pid 0":                       {Selector{PIDs: []int{0}}, "pids: "},
		"negative pid":                {Selector{PIDs: []int{-1}}, "pids: "},
		"container without id":        {Selector{ContainerIDs: []string{""}}, "container_ids: "},
		"glob of a container":         {Selector{ContainerIDs: []string{"3f["}}, "container_ids: "},
		"one wrong among right ones":  {Selector{Executable: "/a", PIDs: []int{1, 0}}, "pids: "},
		"value of a variable unasked": {Selector{Environment: map[string]string{"A": ""}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.selector.Validate()
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.True(t, strings.HasPrefix(err.Error(), test.want), "%v", err)
		})
	}
}

func TestExecutableOnly(t *testing.T) {
	assert.True(t, (&Selector{Executable: "/srv/**"}).ExecutableOnly())
	assert.False(t, (&Selector{}).ExecutableOnly())
	assert.False(t, (&Selector{PIDs: []int{1}}).ExecutableOnly())
	assert.False(t, (&Selector{Executable: "/srv/**", Ports: []PortRange{{1, 2}}}).ExecutableOnly())
	assert.False(t, (&Selector{Executable: "/srv/**", Environment: map[string]string{"A": "*"}}).ExecutableOnly())
	assert.False(t, (&Selector{Executable: "/srv/**", PIDs: []int{1}}).ExecutableOnly())
	assert.False(t, (&Selector{Executable: "/srv/**", ContainerIDs: []string{"*"}}).ExecutableOnly())
}

func TestMatches(t *testing.T) {
	process := &Process{
		Identity:    Identity{PID: 4711},
		Executable:  "/srv/shop/bin/checkout",
		ContainerID: strings.Repeat("3f4a", 16),
	}
	environ := map[string]string{"TRACE_ME": "1", "PATH": "/usr/bin:/bin", "EMPTY": ""}
	executable := func(glob string) Selector { return Selector{Executable: glob} }
	variable := func(name, glob string) Selector { return Selector{Environment: map[string]string{name: glob}} }
	for name, test := range map[string]struct {
		selector Selector
		want     bool
	}{
		"path":                     {executable("/srv/shop/bin/checkout"), true},
		"another path":             {executable("/srv/shop/bin/cart"), false},
		"folder":                   {executable("/srv/shop"), false},
		"* within a folder":        {executable("/srv/*/bin/*"), true},
		"* does not cross":         {executable("/srv/*"), false},
		"** crosses":               {executable("/srv/**"), true},
		"** in the middle":         {executable("/**/checkout"), true},
		"** at the start":          {executable("**/checkout"), true},
		"? and class":              {executable("/srv/shop/b?n/[a-d]heckout"), true},
		"negated class":            {executable("/srv/shop/bin/[!a-d]heckout"), false},
		"alternatives":             {executable("/srv/shop/bin/{cart,checkout}"), true},
		"variable":                 {variable("TRACE_ME", "1"), true},
		"variable, another value":  {variable("TRACE_ME", "0"), false},
		"variable, * crosses":      {variable("PATH", "*/bin"), true},
		"variable, any value":      {variable("EMPTY", "*"), true},
		"variable, empty":          {variable("EMPTY", ""), true},
		"variable not set":         {variable("UNSET", "*"), false},
		"variable with slashes":    {variable("PATH", "/usr/bin:/bin"), true},
		"pid":                      {Selector{PIDs: []int{1, 4711}}, true},
		"another pid":              {Selector{PIDs: []int{1}}, false},
		"container":                {Selector{ContainerIDs: []string{"00*", "3f4a*"}}, true},
		"another container":        {Selector{ContainerIDs: []string{"00*"}}, false},
		"all conditions":           {Selector{Executable: "/srv/**", PIDs: []int{4711}, ContainerIDs: []string{"3*"}}, true},
		"all conditions but one":   {Selector{Executable: "/srv/**", PIDs: []int{4711}, ContainerIDs: []string{"4*"}}, false},
		"ports are decided later":  {Selector{Executable: "/srv/**", Ports: []PortRange{{80, 80}}}, true},
		"one of two variables set": {Selector{Environment: map[string]string{"TRACE_ME": "1", "UNSET": "1"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := test.selector.matches(process, func() map[string]string { return environ })
			assert.Equal(t, test.want, got)
		})
	}
	outside := &Process{}
	assert.False(t, (&Selector{ContainerIDs: []string{"*"}}).matches(outside, nil), "not in a container")
}

// The environment is read for the few processes for which it decides.
func TestMatchesReadsEnvironLast(t *testing.T) {
	s := Selector{Executable: "/srv/**", Environment: map[string]string{"A": "1"}}
	assert.False(t, s.matches(&Process{Executable: "/bin/a"}, func() map[string]string {
		t.Error("environment was read")
		return nil
	}))
}

func TestMatchesPorts(t *testing.T) {
	s := Selector{Ports: []PortRange{{8080, 8080}, {9000, 9099}}}
	assert.True(t, s.matchesPorts([]uint16{1, 8080}))
	assert.True(t, s.matchesPorts([]uint16{9000}))
	assert.True(t, s.matchesPorts([]uint16{9099}))
	assert.False(t, s.matchesPorts([]uint16{8081, 9100, 8999}))
	assert.False(t, s.matchesPorts(nil))
}
