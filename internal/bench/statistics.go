// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"slices"
)

// spread is a number that was measured several times.
type spread []float64

// Median is the middle of the measurements.
func (s spread) Median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

// String gives the median, and the least and the greatest measurement.
func (s spread) String() string { return s.With(1) }

// With is String with so many decimals.
func (s spread) With(decimals int) string {
	low, high := s.bounds()
	return fmt.Sprintf("%.*f (%.*f to %.*f)", decimals, s.Median(), decimals, low, decimals, high)
}

// whole is String for large numbers.
func (s spread) whole() string {
	low, high := s.bounds()
	return fmt.Sprintf("%s (%s to %s)", thousands(s.Median()), thousands(low), thousands(high))
}

// bounds are the least and the greatest measurement.
func (s spread) bounds() (low, high float64) { return slices.Min(s), slices.Max(s) }

// of takes one number from each element of a list.
func of[T any](list []T, number func(T) float64) spread {
	var s spread
	for _, element := range list {
		s = append(s, number(element))
	}
	return s
}
