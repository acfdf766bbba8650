// SPDX-License-Identifier: Apache-2.0

// Command small is as small as Go programs get.
package main

func main() { println("small") }
