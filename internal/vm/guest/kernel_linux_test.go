// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	const (
		lockdown = "none [integrity] confidentiality\n"
		log      = "<6>[    0.1] Dynamic Preempt: voluntary\n<6>[    0.2] Dynamic Preempt: full\n"
	)
	for _, test := range []struct {
		chosen     *regexp.Regexp
		text, want string
		fact, err  string
	}{
		{lockdownChosen, lockdown, "integrity", "x=integrity", ""},
		{lockdownChosen, lockdown, "", "x=integrity", ""},
		{lockdownChosen, lockdown, "none", "x=integrity", "x=integrity is in force, none was ordered"},
		{preemptChosen, log, "full", "x=full", ""},
		{preemptChosen, log, "voluntary", "x=full", "x=full is in force, voluntary was ordered"},
		{preemptChosen, "", "", "", ""},
		{preemptChosen, "", "full", "", "the kernel does not say what x is in force"},
	} {
		fact := ""
		err := check("x", test.chosen, []byte(test.text), test.want, func(format string, args ...any) { fact = fmt.Sprintf(format, args...) })
		assert.Equal(t, test.fact, fact)
		if test.err == "" {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, test.err)
		}
	}
}
