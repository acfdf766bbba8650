// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestContextTypes(t *testing.T) {
	eachTypes(t, func(t *testing.T, f *File, r *os.File) {
		names, err := f.TypeNames()
		require.NoError(t, err)
		types, err := f.ContextTypes()
		require.NoError(t, err)
		found := make(map[string]ContextType)
		for _, c := range types {
			name, err := names.Name(r, c.Type)
			require.NoError(t, err)
			require.NotContains(t, found, name)
			c.Type = 0
			if strings.HasPrefix(strings.TrimPrefix(name, "*"), "main.") || name == "*context.valueCtx" || name == "*context.timerCtx" {
				found[name] = c
			}
		}
		assert.Equal(t, contextTypes(t, f), found)
	})
}

// contextTypes returns those of program types, which says what each is.
func contextTypes(t *testing.T, f *File) map[string]ContextType {
	t.Helper()
	ctx := Field{"net/http", "Request", "ctx"}
	layout, err := f.Layout([]Field{ctx})
	require.NoError(t, err)
	require.Contains(t, layout, ctx)
	minor, err := f.GoMinor()
	require.NoError(t, err)
	return map[string]ContextType{
		"*context.valueCtx":    {Offset: 0},
		"*context.timerCtx":    {Offset: 0, Deref: minor == 20}, // which embeds *cancelCtx
		"main.embedding":       {Offset: 8},
		"*main.embedding":      {Offset: 8},
		"main.embeddingLater":  {Offset: 16},
		"*main.embeddingLater": {Offset: 16},
		"main.embeddingRich":   {Offset: 16},
		"*main.embeddingRich":  {Offset: 16},
		"main.nested":          {Offset: 16},
		"*main.nested":         {Offset: 16},
		"main.nestedPointer":   {Offset: 24, Via: 8, Deref: true},
		"*main.nestedPointer":  {Offset: 24, Via: 8, Deref: true},
		"*main.named":          {Offset: 8},
		"*main.based":          {Offset: 8},
		"*main.ofRequest":      {Offset: 40, Via: layout[ctx].Value, Deref: true},
		"*main.direct":         {Offset: 0, Via: 8, Deref: true},
		"main.rich":            {Offset: 0},
		"*main.rich":           {Offset: 0},
	}
}
