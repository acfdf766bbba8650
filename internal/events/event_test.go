// SPDX-License-Identifier: Apache-2.0

package events

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func startRecord() []byte {
	record := make([]byte, startSize, startSize+4)
	copy(record, []byte{1, 2, 0x34, 0x12, 7, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8})
	for i := 24; i < 48; i++ {
		record[i] = byte(i)
	}
	record[48], record[49] = 1, 1
	return append(record, "body"...)
}

func TestDecodeStart(t *testing.T) {
	record := startRecord()
	header, err := DecodeHeader(record)
	require.NoError(t, err)
	assert.Equal(t, Header{
		Type: TypeStart, Operation: 2, Binary: 0x1234, TGID: 7, Time: 9,
		SpanID: pcommon.SpanID{1, 2, 3, 4, 5, 6, 7, 8},
	}, header)

	start, err := DecodeStart(header, record)
	require.NoError(t, err)
	assert.Equal(t, pcommon.TraceID(record[24:40]), start.TraceID)
	assert.Equal(t, pcommon.SpanID(record[40:48]), start.ParentID)
	assert.Equal(t, uint8(1), start.Flags)
	assert.True(t, start.ParentIsRemote)
	assert.Equal(t, "body", string(start.Body))
}

func TestDecodeEnd(t *testing.T) {
	record := make([]byte, endSize)
	record[0], record[24], record[32], record[33] = byte(TypeEnd), 0xaa, byte(Goexit), 1
	record = append(record, "body"...)
	header, err := DecodeHeader(record)
	require.NoError(t, err)
	end, err := DecodeEnd(header, record)
	require.NoError(t, err)
	assert.Equal(t, End{Header: header, ErrorType: 0xaa, Outcome: Goexit, HasError: true, Body: []byte("body")}, end)
}

func TestShortRecordsAreErrors(t *testing.T) {
	record := startRecord()
	_, err := DecodeHeader(record[:headerSize-1])
	require.ErrorContains(t, err, "23 bytes")
	_, err = DecodeStart(Header{}, record[:startSize-1])
	require.ErrorContains(t, err, "shorter")
	_, err = DecodeEnd(Header{}, record[:endSize-1])
	require.ErrorContains(t, err, "shorter")
}

func TestBody(t *testing.T) {
	body := NewBody([]byte{1, 2, 0, 3, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'a', 'b'}, nil)
	assert.Equal(t, uint8(1), body.Uint8())
	assert.Equal(t, uint16(2), body.Uint16())
	assert.Equal(t, uint32(0x80000003), body.Uint32())
	assert.Equal(t, int64(-1), body.Int64())
	assert.Equal(t, []byte("ab"), body.Text(2))
	require.NoError(t, body.Err())
	assert.Empty(t, body.Text(1))
	assert.Zero(t, body.Int64())
	assert.Zero(t, body.Uint32())
	assert.ErrorIs(t, body.Err(), errShortBody)
}

func TestBodyStrings(t *testing.T) {
	bytes := []byte{1, 0, 0, 0, 2, 0, 'a', 'b', 'c', 'd'}
	var first, second, third string
	body := NewBody(bytes, nil)
	body.Strings(&first, &second, &third)
	require.NoError(t, body.Err())
	assert.Equal(t, []string{"a", "", "bc"}, []string{first, second, third})
	assert.Equal(t, []byte("d"), body.Bytes(1))

	var firstText, secondText, thirdText []byte
	body = NewBody(bytes, nil)
	body.Texts(&firstText, &secondText, &thirdText)
	require.NoError(t, body.Err())
	assert.Equal(t, []string{"a", "", "bc"}, []string{string(firstText), string(secondText), string(thirdText)})
	assert.Equal(t, []byte("d"), body.Bytes(1))

	for n := range len(bytes) - 1 {
		body := NewBody(bytes[:n], nil)
		var first, second, third string
		body.Strings(&first, &second, &third)
		require.ErrorIs(t, body.Err(), errShortBody, "%d bytes", n)
		assert.Empty(t, first+second+third)

		body = NewBody(bytes[:n], nil)
		var firstText, secondText, thirdText []byte
		body.Texts(&firstText, &secondText, &thirdText)
		require.ErrorIs(t, body.Err(), errShortBody, "%d bytes", n)
		assert.Nil(t, append(append(firstText, secondText...), thirdText...))
	}
}

func TestBodyAbsentStrings(t *testing.T) {
	const address = 0x4711
	constants := func(at uint64, text []byte) bool { return at == address && copy(text, "constant") == len(text) }
	for name, test := range map[string]struct {
		address   byte
		length    byte
		constants Constants
		expected  string
	}{
		"constant":     {0x11, 8, constants, "constant"},
		"cut":          {0x11, 5, constants, "const"},
		"no constant":  {0x12, 8, constants, ""},
		"longer":       {0x11, 9, constants, ""},
		"no constants": {0x11, 8, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bytes := []byte{1, 0, test.length, 0x80, 2, 0, 'a', test.address, 0x47, 0, 0, 0, 0, 0, 0, 'b', 'c', 'd'}
			var first, second, third string
			body := NewBody(bytes, test.constants)
			body.Strings(&first, &second, &third)
			require.NoError(t, body.Err())
			assert.Equal(t, []string{"a", test.expected, "bc"}, []string{first, second, third})
			assert.Equal(t, []byte("d"), body.Bytes(1))
			assert.True(t, body.Empty())

			for n := range len(bytes) - 1 {
				body := NewBody(bytes[:n], test.constants)
				var first, second, third []byte
				body.Texts(&first, &second, &third)
				require.ErrorIs(t, body.Err(), errShortBody, "%d bytes", n)
				assert.Nil(t, append(append(first, second...), third...))
			}
		})
	}
}
