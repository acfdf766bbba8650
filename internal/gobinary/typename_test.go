// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTypeNamesAreBounded has names that go on for ever.
func TestTypeNamesAreBounded(t *testing.T) {
	b := newTypesBuilder()
	long := b.named(kindStruct, "main", "main."+strings.Repeat("x", maxTypeName+1))
	fits := b.named(kindStruct, "main", "main."+strings.Repeat("x", maxTypeName-len("main.")))
	names := &TypeNames{types: typesBuilderBase, etypes: typesBuilderBase + uint64(len(b.data))}

	_, err := names.Name(bytes.NewReader(b.data), typesBuilderBase+uint64(long))
	assert.ErrorContains(t, err, "4102 bytes")
	name, err := names.Name(bytes.NewReader(b.data), typesBuilderBase+uint64(fits))
	require.NoError(t, err)
	assert.Len(t, name, maxTypeName)
}
