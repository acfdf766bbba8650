// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const tcpHeading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

func tcpLine(port uint16, state, inode string) string {
	return fmt.Sprintf("   0: 0100007F:%04X 00000000:0000 %s 00000000:00000000 00:00000000 00000000     0        0 %s 1 "+
		"0000000000000000 100 0 0 10 0\n", port, state, inode)
}

func TestReadListening(t *testing.T) {
	const listen, established = "0A", "01"
	for name, test := range map[string]struct {
		table string
		want  listening
	}{
		"empty":   {"", listening{}},
		"heading": {tcpHeading, listening{}},
		"listening sockets": {
			tcpHeading + tcpLine(8080, listen, "11") + tcpLine(443, listen, "12"),
			listening{11: 8080, 12: 443},
		},
		"connections behind": {
			tcpHeading + tcpLine(8080, listen, "11") + tcpLine(8080, established, "12") + tcpLine(1, listen, "13"),
			listening{11: 8080},
		},
		"no inode":  {tcpHeading + tcpLine(8080, listen, "x"), listening{}},
		"cut short": {tcpHeading + tcpLine(8080, listen, "11") + "   1: 0100007F:1F90", listening{11: 8080}},
		"IPv6": {
			tcpHeading + strings.Replace(tcpLine(9000, listen, "14"), "0100007F", strings.Repeat("0", 32), 1),
			listening{14: 9000},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := listening{}
			got.read(strings.NewReader(test.table))
			assert.Equal(t, test.want, got)
		})
	}
}

func TestReadListeningIsBounded(t *testing.T) {
	var table strings.Builder
	table.WriteString(tcpHeading)
	for i := range 2 * maxListening {
		table.WriteString(tcpLine(80, "0A", fmt.Sprint(i)))
	}
	got := listening{}
	got.read(strings.NewReader(table.String()))
	assert.Len(t, got, maxListening)
}

func FuzzReadListening(f *testing.F) {
	f.Add(tcpHeading + tcpLine(8080, "0A", "11"))
	f.Fuzz(func(t *testing.T, table string) {
		got := listening{}
		got.read(strings.NewReader(table))
		assert.LessOrEqual(t, len(got), strings.Count(table, "\n")+1)
	})
}

func TestSocketInode(t *testing.T) {
	for link, want := range map[string]uint64{"socket:[12345]": 12345, "pipe:[1]": 0, "/dev/null": 0, "socket:[]": 0, "socket:[-1]": 0} {
		inode, ok := socketInode(link)
		assert.Equal(t, want, inode, link)
		assert.Equal(t, want != 0, ok, link)
	}
}
