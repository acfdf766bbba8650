// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// databaseVariable makes the test's executable start a server, by its package, and wait to be killed.
const databaseVariable = "EBPFGO_TEST_DATABASE"

func TestMain(m *testing.M) {
	for _, kind := range databaseKinds {
		if os.Getenv(databaseVariable) == kind.debian {
			holdDatabase(kind)
		}
	}
	os.Exit(m.Run())
}

var databaseKinds = []*databases{&postgres, &mariaDB}

func TestPostgres(t *testing.T) {
	t.Parallel()
	p := StartPostgres(t)
	assert.Equal(t, "3", p.Ask(t, "SELECT count(*) FROM items WHERE id <= 3"))
	assert.Equal(t, "shop", p.Ask(t, "SELECT tableowner FROM pg_tables WHERE tablename = 'items'"))
}

func TestDatabaseIsShared(t *testing.T) {
	t.Parallel()
	for _, kind := range databaseKinds {
		t.Run(kind.debian, func(t *testing.T) {
			t.Parallel()
			own := &databases{debian: kind.debian, account: kind.account, script: kind.script}
			first, second := &recorder{TB: t}, &recorder{TB: t}
			x := own.use(first)
			assert.Same(t, x, own.use(second))
			second.finish()
			assert.DirExists(t, x.Folder, "the first test still uses it")
			first.finish()
			assert.NoDirExists(t, x.Folder)
			assert.Empty(t, append(first.failures, second.failures...))
		})
	}
}

func TestDatabaseThatDoesNotStart(t *testing.T) {
	t.Parallel()
	broken := &databases{debian: "broken", account: "nobody", script: `rm -rf "$1"; echo no "$2"`}
	_, err := broken.start()
	assert.ErrorContains(t, err, "no ")
	stranger := &databases{debian: "stranger", account: "no-such-account"}
	_, err = stranger.start()
	assert.ErrorContains(t, err, "no-such-account")
}

// A test process that is killed takes its server and the server's folder along.
func TestDatabaseOfKilledTest(t *testing.T) {
	t.Parallel()
	for _, kind := range databaseKinds {
		t.Run(kind.debian, func(t *testing.T) {
			t.Parallel()
			holder := exec.Command("/proc/self/exe")
			holder.Env = append(os.Environ(), databaseVariable+"="+kind.debian)
			output, err := holder.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, holder.Start())
			line, err := bufio.NewReader(output).ReadString('\n')
			assert.NoError(t, err)
			require.NoError(t, holder.Process.Kill())
			_ = holder.Wait() // it says "signal: killed"

			var folder string
			var port int
			_, err = fmt.Sscan(line, &folder, &port)
			require.NoError(t, err, line)
			assert.Eventually(t, func() bool {
				_, err := os.Stat(folder)
				return os.IsNotExist(err)
			}, time.Minute, 10*time.Millisecond, "%s is left", folder)
			assert.Eventually(t, func() bool { return !answers(port) }, time.Minute, 10*time.Millisecond, "port %d still answers", port)
		})
	}
}

// holdDatabase prints the folder and the port of a server that it starts, until it is killed.
func holdDatabase(kind *databases) {
	x, err := kind.start()
	if err != nil {
		panic(err)
	}
	fmt.Println(x.Folder, x.Port)
	select {}
}

// answers tells whether something listens on a port of 127.0.0.1.
func answers(port int) bool {
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
