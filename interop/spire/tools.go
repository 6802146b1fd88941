//go:build tools

// Package tools names the SPIRE programs that the interop suite builds.
package tools

import (
	_ "github.com/spiffe/spire/cmd/spire-agent"
	_ "github.com/spiffe/spire/cmd/spire-server"
)
