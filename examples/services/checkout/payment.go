// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// payment is the service that charges customers.
type payment struct{ url string }

// charge lets payment charge an amount and returns its status.
func (p payment) charge(ctx context.Context, amount int64, currency string) (int, error) {
	form := url.Values{"amount": {strconv.FormatInt(amount, 10)}, "currency": {currency}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/payments", strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
