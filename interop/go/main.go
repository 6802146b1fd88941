// Command peer is the other end of the interop checks: go-spiffe as server and client of mutual TLS,
// as consumer of a Workload API, and as a Workload API of its own.
//
// It writes one JSON object a line to standard output and ends when its standard input does, so that
// it never outlives the suite.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

const startTimeout = 20 * time.Second

type command func(ctx context.Context, arguments []string) error

var commands = map[string]command{
	"serve":        serve,
	"call":         call,
	"watch":        watch,
	"workload-api": serveWorkloadAPI,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fail(fmt.Errorf("usage: peer serve|call|watch|workload-api"))
	}
	ctx, cancel := context.WithCancel(context.Background())
	// The Workload API reads its states from standard input and ends by itself.
	if os.Args[1] != "workload-api" {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	if err := commands[os.Args[1]](ctx, os.Args[2:]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// tell reports an event to the suite.
func tell(event any) {
	line, err := json.Marshal(event)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(line))
}
