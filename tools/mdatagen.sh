#!/usr/bin/env bash
# Runs mdatagen on metadata.yaml. It names the package that it writes after the folder,
# and a clone may be called anything: so it gets to see the tree under the package's name.
set -euo pipefail
cd "$(dirname "$0")/.."

view=$(mktemp -d)
trap 'rm -rf "$view"' EXIT
ln -s "$PWD" "$view/ebpfgoreceiver"
go tool -modfile=tools/go.mod mdatagen "$view/ebpfgoreceiver/metadata.yaml"
