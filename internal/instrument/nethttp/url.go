// SPDX-License-Identifier: Apache-2.0

package nethttp

import "net/url"

// clientURL is what is told of a request's URL.
type clientURL struct {
	full         string // without secrets
	scheme, host string
}

// rawURL is the fields of a url.URL as the kernel side read them.
type rawURL struct {
	scheme, opaque, host, path, rawPath, rawQuery, fragment []byte
	hasUser                                                 bool
}

// redacted writes a URL as url.URL.String does, with secrets redacted.
func (u rawURL) redacted() clientURL {
	if u.isPlain() {
		return u.join()
	}
	parsed := url.URL{
		Scheme: string(u.scheme), Opaque: redactOpaque(string(u.opaque)), Host: string(u.host), Path: string(u.path),
		RawPath: string(u.rawPath), RawQuery: redactQuery(string(u.rawQuery)), Fragment: string(u.fragment),
	}
	if u.hasUser {
		parsed.User = url.UserPassword(redacted, redacted)
	}
	return clientURL{parsed.String(), parsed.Scheme, parsed.Host}
}

// isPlain tells whether there is nothing to escape and nothing unusual: then the URL is its
// fields in a row.
func (u rawURL) isPlain() bool {
	return !u.hasUser && len(u.opaque) == 0 && len(u.rawPath) == 0 && len(u.fragment) == 0 &&
		len(u.scheme) > 0 && len(u.host) > 0 && (len(u.path) == 0 || u.path[0] == '/') &&
		isUnreserved(u.host, ':') && isUnreserved(u.path, '/')
}

// isUnreserved tells whether all bytes are those that no part of a URL escapes (RFC 3986,
// section 2.3), or one other.
func isUnreserved(text []byte, other byte) bool {
	for _, c := range text {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == other:
		case c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return true
}

// join writes a plain URL, of which its host and scheme are a part.
func (u rawURL) join() clientURL {
	var buffer [512]byte
	text := append(append(append(append(buffer[:0], u.scheme...), "://"...), u.host...), u.path...)
	query := len(text)
	if len(u.rawQuery) > 0 {
		text = append(append(text, '?'), u.rawQuery...)
		query++
	}
	full := string(text)
	joined := clientURL{full: full, scheme: full[:len(u.scheme)], host: full[len(u.scheme)+len("://"):][:len(u.host)]}
	if redacted := redactQuery(full[query:]); redacted != full[query:] {
		joined.full = full[:query] + redacted
	}
	return joined
}
