package main

import (
	"context"
	"fmt"

	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// openSource waits for an identity of the Workload API, but not for ever.
func openSource(ctx context.Context, address string) (*workloadapi.X509Source, error) {
	bounded, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	source, err := workloadapi.NewX509Source(bounded, clientOf(address))
	if err != nil {
		return nil, fmt.Errorf("no X.509 source: %w", err)
	}
	return source, nil
}

// tellRotations reports each new certificate of this program until the context ends.
func tellRotations(ctx context.Context, source *workloadapi.X509Source) {
	last := ""
	for {
		if svid, err := source.GetX509SVID(); err == nil && serialOf(svid) != last {
			if last != "" {
				tell(map[string]any{"event": "rotated"})
			}
			last = serialOf(svid)
		}
		select {
		case <-source.Updated():
		case <-ctx.Done():
			return
		}
	}
}

func clientOf(address string) workloadapi.SourceOption {
	return workloadapi.WithClientOptions(workloadapi.WithAddr(address))
}

func serialOf(svid *x509svid.SVID) string {
	return svid.Certificates[0].SerialNumber.Text(16)
}
