// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

// expected writes a URL by net/url alone.
func (u rawURL) expected() clientURL {
	parsed := url.URL{
		Scheme: string(u.scheme), Opaque: redactOpaque(string(u.opaque)), Host: string(u.host), Path: string(u.path),
		RawPath: string(u.rawPath), RawQuery: redactQuery(string(u.rawQuery)), Fragment: string(u.fragment),
	}
	if u.hasUser {
		parsed.User = url.UserPassword(redacted, redacted)
	}
	return clientURL{parsed.String(), parsed.Scheme, parsed.Host}
}

func TestURL(t *testing.T) {
	for text, plain := range map[string]bool{
		"http://shop.example/items/7":                 true,
		"https://shop.example:8080/items/7?a=1&b=%zz": true,
		"http://10.0.0.7":                             true,
		"http://shop.example?a=1":                     true,
		"http://shop.example/?sig=secret&page=2":      true,
		"http://shop.example/a-b_c.d~e":               true,
		"http://shop.example/a b":                     false,
		"http://shop.example/a%2Fb":                   false,
		"http://shop.example/\u00e4":                  false,
		"http://shop.example/a;b":                     false,
		"http://shop.example/*":                       false,
		"http://[::1]:8080/":                          false,
		"http://someone:secret@shop.example/":         false,
		"http://shop.example/#part":                   false,
		"http:shop.example/items":                     false,
		"//shop.example/items":                        false,
		"/items":                                      false,
		"":                                            false,
	} {
		parsed, err := url.Parse(text)
		assert.NoError(t, err, text)
		u := rawURL{
			scheme: []byte(parsed.Scheme), opaque: []byte(parsed.Opaque), host: []byte(parsed.Host), path: []byte(parsed.Path),
			rawPath: []byte(parsed.RawPath), rawQuery: []byte(parsed.RawQuery), fragment: []byte(parsed.Fragment), hasUser: parsed.User != nil,
		}
		assert.Equal(t, plain, u.isPlain(), text)
		assert.Equal(t, u.expected(), u.redacted(), text)
		assert.NotContains(t, u.redacted().full, "secret")
	}
}

// FuzzURL: whatever the fields are, they are written as net/url does it.
func FuzzURL(f *testing.F) {
	f.Add("http", "", "shop.example:80", "/items/7", "", "a=1&sig=2", "", false)
	f.Add("", "", "", "items:7", "", "", "", false)
	f.Add("HTTP", "//a:b@c/d", "h", "*", "/%2a", "", "x y", true)
	f.Fuzz(func(t *testing.T, scheme, opaque, host, path, rawPath, rawQuery, fragment string, hasUser bool) {
		u := rawURL{
			scheme: []byte(scheme), opaque: []byte(opaque), host: []byte(host), path: []byte(path),
			rawPath: []byte(rawPath), rawQuery: []byte(rawQuery), fragment: []byte(fragment), hasUser: hasUser,
		}
		if written, want := u.redacted(), u.expected(); written != want {
			t.Errorf("%+v instead of %+v", written, want)
		}
	})
}
