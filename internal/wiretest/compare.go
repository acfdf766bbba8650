// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// addedLines are the header lines that may be added to a request: a traceparent of version 00, and a tracestate.
var addedLines = regexp.MustCompile(`\r\n(?:Tracestate: [^\r\n]+\r\n)?Traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\r\n(?:Tracestate: [^\r\n]+\r\n)?`)

// Difference is what two runs of the same requests have come to.
type Difference struct {
	// Requests is how many there were, Added those of them that were given a header.
	Requests, Added int
	// Faults are all that is not such a header.
	Faults []string
}

// Compare holds what came of requests while a program was traced to what came of the same requests before.
func Compare(before, traced []Connection) (d Difference) {
	plain, messages := byID(&d, "before", before), byID(&d, "traced", traced)
	for id := range plain {
		if messages[id] == nil {
			d.fault("%s is missing", id)
		}
	}
	for id, of := range messages {
		if len(of) != len(plain[id]) {
			d.fault("%s came %d times, %d times before", id, len(of), len(plain[id]))
			continue
		}
		for i := range of {
			d.Requests++
			d.compare(plain[id][i], of[i])
		}
	}
	return d
}

func (d *Difference) fault(format string, args ...any) {
	d.Faults = append(d.Faults, fmt.Sprintf(format, args...))
}

// byID gathers the messages of all connections. Those that look the same are in the order of their bytes.
func byID(d *Difference, run string, connections []Connection) map[string][]Message {
	messages := map[string][]Message{}
	for _, c := range connections {
		for _, fault := range c.Faults {
			d.fault("%s: %s", run, fault)
		}
		for _, m := range c.Messages {
			messages[m.ID] = append(messages[m.ID], m)
		}
	}
	for _, same := range messages {
		slices.SortStableFunc(same, func(a, b Message) int {
			return cmp.Or(cmp.Compare(len(a.Body), len(b.Body)), bytes.Compare(a.Body, b.Body))
		})
	}
	return messages
}

func (d *Difference) compare(plain, traced Message) {
	if plain.Incomplete != traced.Incomplete {
		d.fault("%s is incomplete: %t, before: %t", plain.ID, traced.Incomplete, plain.Incomplete)
	}
	if !bytes.Equal(plain.Body, traced.Body) {
		d.fault("%s: body: %s", plain.ID, where(plain.Body, traced.Body))
	}
	d.compareHeads(plain, traced)
	if !reflect.DeepEqual(plain.Frames, traced.Frames) {
		d.fault("%s: frames: %s, before: %s", plain.ID, outline(traced.Frames), outline(plain.Frames))
	}
	if traced.Added != nil {
		d.Added++
		if plain.field("traceparent") != "" {
			d.fault("%s has a traceparent and was given another one", plain.ID)
		}
	}
	if plain.Added != nil {
		d.fault("%s: before: %q was added", plain.ID, plain.Added)
	}
	// The client takes its headers from a map.
	if a, b := sorted(plain.Fields), sorted(traced.Fields); !slices.Equal(a, b) {
		d.fault("%s: fields %+v, before: %+v", plain.ID, b, a)
	}
}

// compareHeads is for HTTP/1.
func (d *Difference) compareHeads(plain, traced Message) {
	if bytes.Equal(plain.Head, traced.Head) {
		return
	}
	at := addedLines.FindIndex(traced.Head)
	if at == nil {
		d.fault("%s: head: %s", plain.ID, where(plain.Head, traced.Head))
		return
	}
	d.Added++
	rest := slices.Concat(traced.Head[:at[0]], []byte("\r\n"), traced.Head[at[1]:])
	if !bytes.Equal(plain.Head, rest) {
		d.fault("%s: head, without what was added: %s", plain.ID, where(plain.Head, rest))
	}
	if plain.ID == connectID {
		d.fault("CONNECT, which the program does not make, was given a header: %q", traced.Head)
	}
	if strings.Contains(strings.ToLower(string(plain.Head)), "\r\ntraceparent:") {
		d.fault("%s has a traceparent and was given another one", plain.ID)
	}
}

// where says how bytes differ from those before.
func where(before, now []byte) string {
	at := 0
	for at < min(len(before), len(now)) && before[at] == now[at] {
		at++
	}
	part := func(b []byte) []byte { return b[max(0, at-20):min(len(b), at+100)] }
	return fmt.Sprintf("%d bytes, before %d; from byte %d on: %q, before: %q", len(now), len(before), at, part(now), part(before))
}

func outline(frames []Frame) string {
	var all []string
	for _, f := range frames {
		all = append(all, fmt.Sprintf("%v(%#x, %d)", f.Type, f.Flags, len(f.Payload)))
	}
	return strings.Join(all, " ")
}

func sorted(fields []Field) []Field {
	return slices.SortedFunc(slices.Values(fields), func(a, b Field) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
}
