// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// everything is a binary that has all types and fields of the table of drivers.
func everything() (map[string]uint64, gobinary.Layout) {
	addresses := map[string]uint64{}
	for i, name := range typeNames() {
		addresses[name] = uint64(8 * (i + 1))
	}
	fields := gobinary.Layout{}
	for i, field := range driverFields(addresses) {
		fields[field] = gobinary.Offset{Value: uint32(8 * i)}
	}
	return addresses, fields
}

// TestDriversFit holds the table of drivers to the room that the kernel side has for it.
func TestDriversFit(t *testing.T) {
	l := newLayout()
	missing, err := l.setDrivers(everything())
	assert.NoError(t, err)
	assert.Empty(t, missing)
	assert.LessOrEqual(t, len(connectorKinds), 254, "an event has a byte for them")
}

func TestConnectorFields(t *testing.T) {
	addresses, fields := everything()
	l := newLayout()
	_, err := l.setDrivers(addresses, fields)
	assert.NoError(t, err)
	offset := func(name string) uint16 { return uint16(fields[structField(name)].Value) }
	byType := map[uint64]connectorLayout{}
	for _, connector := range l.Connectors {
		byType[connector.Type] = connector
	}

	embedded := byType[addresses[pgxPackage+"/stdlib.connector"]]
	base := offset(pgxPackage+"/stdlib.connector.ConnConfig") + offset(pgxPackage+".ConnConfig.Config")
	assert.Equal(t, base+offset(pgconnPackage+".Config.Port"), embedded.Port)
	assert.Equal(t, uint8(2), embedded.PortSize)
	assert.Equal(t, uint16(instrument.Missing), embedded.Pointer)

	behind := byType[addresses["*"+mysqlPackage+".connector"]]
	assert.Equal(t, offset(mysqlPackage+".connector.cfg"), behind.Pointer)
	assert.Equal(t, offset(mysqlPackage+".Config.Addr"), behind.Source)
	assert.Equal(t, uint16(instrument.Missing), behind.Port)
}

// TestConnectorWithoutFields tells the driver all the same.
func TestConnectorWithoutFields(t *testing.T) {
	addresses, fields := everything()
	delete(fields, structField(mysqlPackage+".Config.Addr"))
	delete(fields, structField(pqPackage+".Connector.cfg"))
	delete(fields, structField(pgconnPackage+".PgError.Code"))
	l := newLayout()
	missing, err := l.setDrivers(addresses, fields)
	assert.NoError(t, err)
	// Once for the type and once for a pointer to it. That of lib/pq is an older one.
	assert.ElementsMatch(t, []gobinary.Field{
		structField(mysqlPackage + ".Config.Addr"), structField(mysqlPackage + ".Config.Addr"), structField(pgconnPackage + ".PgError.Code"),
	}, missing)
	for _, connector := range l.Connectors {
		switch connector.Type {
		case addresses["*"+mysqlPackage+".connector"]:
			assert.Equal(t, mysqlPackage+".connector", connectorKinds[connector.Driver].typeName)
			assert.Equal(t, uint16(instrument.Missing), connector.Source)
		case addresses["*"+pqPackage+".Connector"]:
			assert.Equal(t, pqPackage+".Connector", connectorKinds[connector.Driver].typeName)
			assert.Equal(t, uint16(instrument.Missing), connector.Source)
		}
	}
}
