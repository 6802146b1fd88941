package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// state is what the Workload API delivers; bytes are base64 in JSON.
type state struct {
	X509       []*workload.X509SVID `json:"x509"`
	WIT        []*workload.WITSVID  `json:"wit"`
	WITBundles map[string]string    `json:"witBundles"`
}

// api is a Workload API of grpc-go. It offers the X.509 and the WIT profile.
type api struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	mutex   sync.Mutex
	current *state
	changed chan struct{}
}

// serveWorkloadAPI listens on a socket. Each line of standard input is a new state for every stream.
func serveWorkloadAPI(_ context.Context, arguments []string) error {
	flags := flag.NewFlagSet("workload-api", flag.ExitOnError)
	path := flags.String("path", "", "path of the socket")
	_ = flags.Parse(arguments)
	listener, err := net.Listen("unix", *path)
	if err != nil {
		return err
	}
	a := &api{changed: make(chan struct{})}
	server := grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(server, a)
	go func() {
		if err := server.Serve(listener); err != nil {
			fail(err)
		}
	}()
	tell(map[string]any{"event": "listening"})

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		next := &state{}
		if err := json.Unmarshal(lines.Bytes(), next); err != nil {
			return fmt.Errorf("state: %w", err)
		}
		a.set(next)
	}
	server.Stop()
	return lines.Err()
}

func (a *api) set(next *state) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.current = next
	close(a.changed)
	a.changed = make(chan struct{})
}

// deliver sends the current state and each that follows.
func (a *api) deliver(ctx context.Context, send func(*state) error) error {
	values, _ := metadata.FromIncomingContext(ctx)
	if header := values.Get("workload.spiffe.io"); len(header) != 1 || header[0] != "true" {
		return status.Error(codes.InvalidArgument, "security header missing from request")
	}
	for {
		a.mutex.Lock()
		current, changed := a.current, a.changed
		a.mutex.Unlock()
		if current != nil {
			if err := send(current); err != nil {
				return err
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (a *api) FetchX509SVID(_ *workload.X509SVIDRequest, stream workload.SpiffeWorkloadAPI_FetchX509SVIDServer) error {
	return a.deliver(stream.Context(), func(s *state) error {
		return stream.Send(&workload.X509SVIDResponse{Svids: s.X509})
	})
}

func (a *api) FetchWITSVID(request *workload.WITSVIDRequest, stream workload.SpiffeWorkloadAPI_FetchWITSVIDServer) error {
	return a.deliver(stream.Context(), func(s *state) error {
		response := &workload.WITSVIDResponse{}
		for _, svid := range s.WIT {
			if request.SpiffeId == "" || request.SpiffeId == svid.SpiffeId {
				response.Svids = append(response.Svids, svid)
			}
		}
		return stream.Send(response)
	})
}

func (a *api) FetchWITBundles(_ *workload.WITBundlesRequest, stream workload.SpiffeWorkloadAPI_FetchWITBundlesServer) error {
	return a.deliver(stream.Context(), func(s *state) error {
		return stream.Send(&workload.WITBundlesResponse{Bundles: s.WITBundles})
	})
}
