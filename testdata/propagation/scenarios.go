// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"math/rand"
	"net/http"
	"strings"
)

// httpScenarios are what can be had with a peer by HTTP.
var httpScenarios = map[string]func(*peer) exchange{
	// plain requests are as short as they get. The peer breaks connections at those to /retry/, once at each.
	"plain": plain,
	"retry": plain,
	"headers": func(p *peer) exchange {
		return func(i int, random *rand.Rand) error {
			r := p.request(i, nil)
			addHeaders(r.Header, random)
			return p.do(r)
		}
	},
	"padded": func(p *peer) exchange {
		return func(i int, random *rand.Rand) error {
			r := p.request(i, nil)
			pad(r.Header, i, random)
			return p.do(r)
		}
	},
	"bodies": bodies(func(*http.Request) {}),
	"expect": bodies(func(r *http.Request) { r.Header.Set("Expect", "100-continue") }),
	"own": func(p *peer) exchange {
		return func(i int, random *rand.Rand) error {
			r := p.request(i, nil)
			addHeaders(r.Header, random)
			// A map, which net/http writes as it is, to the case of the names.
			r.Header[ownNames[i%len(ownNames)]] = []string{ownTraceparent}
			return p.do(r)
		}
	},
	"shared": func(p *peer) exchange {
		shared := http.Header{}
		addHeaders(shared, rand.New(rand.NewSource(1)))
		return func(i int, _ *rand.Rand) error {
			r := p.request(i, nil)
			r.Header = shared
			return p.do(r)
		}
	},
	"upgrade": upgrade,
}

func plain(p *peer) exchange {
	return func(i int, _ *rand.Rand) error { return p.do(p.request(i, nil)) }
}

// The header that a program sends by itself, in whichever case.
var ownNames = []string{"Traceparent", "traceparent", "TRACEPARENT", "tRaCePaReNt"}

const ownTraceparent = "00-0123456789abcdef0123456789abcdef-fedcba9876543210-01"

// addHeaders adds a random number of headers of random sizes, some of them with more than one value.
func addHeaders(h http.Header, random *rand.Rand) {
	for i := random.Intn(40); i > 0; i-- {
		name := http.CanonicalHeaderKey(text(random, 1+random.Intn(30)))
		for values := 1 + random.Intn(20)/18; values > 0; values-- {
			h[name] = append(h[name], text(random, random.Intn(1<<random.Intn(10))))
		}
	}
}

// The sizes around which pad goes: those of the buffers of net/http and of the frames of HTTP/2.
var paddedSizes = []int{4 << 10, 8 << 10, 16 << 10, 32 << 10}

// padSteps is how many requests it takes to go around one of these sizes, byte by byte.
const padSteps = 250

// pad adds a header that makes the header block about as long as one of paddedSizes: what else there is, and what
// may be added, is shorter than padSteps. No code of HPACK makes '~' shorter.
func pad(h http.Header, i int, random *rand.Rand) {
	size := paddedSizes[i/padSteps%len(paddedSizes)]
	h.Set("X-Padding", strings.Repeat("~", size-padSteps+i%padSteps))
	h.Set("Z-"+text(random, 3), "behind")
}

// text is random text without spaces, which a header may have as a name too.
func text(random *rand.Rand, length int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	b := make([]byte, length)
	for i := range b {
		b[i] = letters[random.Intn(len(letters))]
	}
	return string(b)
}

// content is random content of a body.
func content(random *rand.Rand, length int) *bytes.Reader {
	b := make([]byte, length)
	random.Read(b)
	return bytes.NewReader(b)
}
