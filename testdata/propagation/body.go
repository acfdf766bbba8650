// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"math/rand"
	"net/http"
	"os"
)

// The sizes of bodies: around those of all buffers that a body goes through.
var bodySizes = []int{0, 1, 100, 2 << 10, 4 << 10, 16 << 10, 32 << 10, 64 << 10, 200_000}

// bodyKinds are the readers that a request may have its body of.
var bodyKinds = []func(r *http.Request, random *rand.Rand, size int) (finish func(), err error){
	// Of known length.
	func(r *http.Request, random *rand.Rand, size int) (func(), error) {
		r.ContentLength = int64(size)
		r.Body = io.NopCloser(content(random, size))
		return func() {}, nil
	},
	// A file, which net/http has the kernel send.
	func(r *http.Request, random *rand.Rand, size int) (func(), error) {
		file, err := os.CreateTemp("", "body")
		if err != nil {
			return nil, err
		}
		if err := os.Remove(file.Name()); err != nil {
			return nil, err
		}
		if _, err := io.Copy(file, content(random, size)); err != nil {
			return nil, err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		r.ContentLength = int64(size)
		r.Body = file
		return func() {}, nil
	},
	// Of unknown length, read at once: chunked by HTTP/1.
	func(r *http.Request, random *rand.Rand, size int) (func(), error) {
		r.ContentLength = -1
		r.Body = io.NopCloser(onlyReader{content(random, size)})
		return func() {}, nil
	},
	// Of unknown length, in pieces.
	func(r *http.Request, random *rand.Rand, size int) (func(), error) {
		read, write := io.Pipe()
		data, pieces := content(random, size), rand.New(rand.NewSource(random.Int63()))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for data.Len() > 0 {
				if _, err := io.CopyN(write, data, int64(1+pieces.Intn(20_000))); err != nil && err != io.EOF {
					break // the request has failed, which says so
				}
			}
			write.Close()
		}()
		r.ContentLength = -1
		r.Body = read
		return func() { read.Close(); <-done }, nil
	},
}

// onlyReader hides what else a reader can do.
type onlyReader struct{ io.Reader }

// bodies are requests with bodies of all sizes, a byte less and a byte more, and of all kinds in turn.
func bodies(prepare func(*http.Request)) func(p *peer) exchange {
	return func(p *peer) exchange {
		return func(i int, random *rand.Rand) error {
			size := bodySizes[i/len(bodyKinds)%len(bodySizes)] - 1 + i/len(bodyKinds)/len(bodySizes)%3
			if size < 0 {
				size = 0
			}
			r := p.request(i, http.NoBody)
			r.Method = http.MethodPost
			finish, err := bodyKinds[i%len(bodyKinds)](r, random, size)
			if err != nil {
				return err
			}
			defer finish()
			prepare(r)
			return p.do(r)
		}
	}
}
