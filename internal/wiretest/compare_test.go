// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/http2"
)

const line = "Traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\r\n"

const head = "GET /a HTTP/1.1\r\nHost: b\r\nAccept-Encoding: gzip\r\n\r\n"

func withLine(line string) string { return strings.Replace(head, "Accept", line+"Accept", 1) }

// Of everything that may be done to a request, one header alone is no fault.
func TestCompareHTTP1(t *testing.T) {
	own := strings.Replace(head, "Accept", "TRACEPARENT: mine\r\nAccept", 1)
	for name, test := range map[string]struct {
		plain, traced string
		added, fault  bool
	}{
		"same":                    {head, head, false, false},
		"one header":              {head, withLine(line), true, false},
		"tracestate behind it":    {head, withLine(line + "Tracestate: a=b\r\n"), true, false},
		"tracestate before it":    {head, withLine("Tracestate: a=b\r\n" + line), true, false},
		"tracestate alone":        {head, withLine("Tracestate: a=b\r\n"), false, true},
		"two headers":             {head, withLine(line + line), true, true},
		"two headers apart":       {head, strings.Replace(withLine(line), "Host", line+"Host", 1), true, true},
		"own, the same":           {own, own, false, false},
		"own, and another":        {own, own[:len(own)-2] + line + "\r\n", true, true},
		"own, and it is gone":     {own, head, false, true},
		"another version":         {head, withLine(strings.Replace(line, "00-", "01-", 1)), false, true},
		"upper case":              {head, withLine(strings.Replace(line, "abc", "ABC", 1)), false, true},
		"short":                   {head, withLine(strings.Replace(line, "abc", "", 1)), false, true},
		"no end of line":          {head, withLine(strings.TrimSuffix(line, "\r\n")), false, true},
		"before the request line": {head, line + head, false, true},
		"a byte is lost":          {head, withLine(line)[1:], true, true},
		"a byte is another":       {head, strings.Replace(withLine(line), "gzip", "gzlp", 1), true, true},
		"a byte too much":         {head, withLine(line) + "\n", true, true},
	} {
		d := Compare(
			[]Connection{{Messages: []Message{{ID: "/a", Head: []byte(test.plain)}}}},
			[]Connection{{Messages: []Message{{ID: "/a", Head: []byte(test.traced)}}}},
		)
		assert.Equal(t, test.added, d.Added == 1, name)
		assert.Equal(t, test.fault, len(d.Faults) > 0, "%s: %v", name, d.Faults)
		assert.Equal(t, 1, d.Requests, name)
	}
}

// Whatever else differs is one.
func TestCompareMessages(t *testing.T) {
	message := func(change func(*Message)) []Connection {
		m := Message{
			ID: "/a", Body: []byte("body"), Fields: []Field{{":path", "/a", false}, {"a", "b", false}, {"c", "d", false}},
			Frames: []Frame{{Type: http2.FrameHeaders}, {http2.FrameData, http2.FlagDataEndStream, []byte("data")}},
		}
		change(&m)
		return []Connection{{Messages: []Message{m}}}
	}
	same := message(func(*Message) {})
	assert.Empty(t, Compare(same, same).Faults)
	reordered := message(func(m *Message) { m.Fields[1], m.Fields[2] = m.Fields[2], m.Fields[1] })
	assert.Empty(t, Compare(same, reordered).Faults, "net/http takes headers from a map")
	added := message(func(m *Message) { m.Added = []byte{0x10} })
	assert.Empty(t, Compare(same, added).Faults)
	assert.Equal(t, 1, Compare(same, added).Added)
	for name, other := range map[string][]Connection{
		"none":         nil,
		"twice":        append(same, same...),
		"another":      message(func(m *Message) { m.ID = "/b" }),
		"incomplete":   message(func(m *Message) { m.Incomplete = true }),
		"body":         message(func(m *Message) { m.Body = []byte("bodi") }),
		"value":        message(func(m *Message) { m.Fields[1].Value = "c" }),
		"own field":    message(func(m *Message) { m.Fields[1].NeverIndexed = true }),
		"fewer fields": message(func(m *Message) { m.Fields = m.Fields[:2] }),
		"data":         message(func(m *Message) { m.Frames[1].Payload = []byte("date") }),
		"flags":        message(func(m *Message) { m.Frames[1].Flags = 0 }),
		"fewer frames": message(func(m *Message) { m.Frames = m.Frames[:1] }),
		"fault":        {{Messages: same[0].Messages, Faults: []string{"broken"}}},
	} {
		assert.NotEmpty(t, Compare(same, other).Faults, name)
		assert.NotEmpty(t, Compare(other, same).Faults, name)
	}
	own := message(func(m *Message) { m.Fields = append(m.Fields, Field{"traceparent", "mine", false}) })
	both := message(func(m *Message) { m.Fields, m.Added = own[0].Messages[0].Fields, []byte{0x10} })
	assert.NotEmpty(t, Compare(own, both).Faults)
	assert.NotEmpty(t, Compare(added, added).Faults, "what is not traced is given nothing")
}
