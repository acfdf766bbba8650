// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// postgresVariable makes the test's executable start a server and wait to be killed.
const postgresVariable = "EBPFGO_TEST_POSTGRES"

func TestMain(m *testing.M) {
	if os.Getenv(postgresVariable) != "" {
		holdPostgres()
	}
	os.Exit(m.Run())
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	p := StartPostgres(r)
	assert.Equal(t, "3", p.Ask(t, "SELECT count(*) FROM items WHERE id <= 3"))
	assert.Equal(t, "shop", p.Ask(t, "SELECT tableowner FROM pg_tables WHERE tablename = 'items'"))

	second := &recorder{TB: t}
	assert.Same(t, p, StartPostgres(second))
	second.finish()
	assert.Equal(t, "1", p.Ask(t, "SELECT 1"), "the first test still uses it")
	r.finish()
	assert.Empty(t, r.failures)
}

// A test process that is killed takes its server and the server's folder along.
func TestPostgresOfKilledTest(t *testing.T) {
	t.Parallel()
	holder := exec.Command("/proc/self/exe")
	holder.Env = append(os.Environ(), postgresVariable+"=1")
	output, err := holder.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, holder.Start())
	buffer := make([]byte, 1<<10)
	n, _ := output.Read(buffer)
	require.NoError(t, holder.Process.Kill())
	_ = holder.Wait() // it says "signal: killed"

	fields := strings.Fields(string(buffer[:n]))
	require.Len(t, fields, 2, "%s", buffer[:n])
	folder, postmaster := fields[0], fields[1]
	assert.Eventually(t, func() bool {
		_, folderErr := os.Stat(folder)
		_, processErr := os.Stat("/proc/" + postmaster)
		return os.IsNotExist(folderErr) && os.IsNotExist(processErr)
	}, time.Minute, 10*time.Millisecond, "%s or process %s is left", folder, postmaster)
}

// holdPostgres prints the folder and the process of a server that it starts, until it is killed.
func holdPostgres() {
	p, err := newPostgres()
	if err != nil {
		panic(err)
	}
	file, err := os.ReadFile(p.Folder + "/data/postmaster.pid")
	if err != nil {
		panic(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(file), "\n", 2)[0])
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(p.Folder + " " + strconv.Itoa(pid) + "\n")
	select {}
}
