package main

import (
	"context"
	"encoding/json"
	"flag"
	"net"
	"net/http"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// serve answers callers that are the one allowed workload with the SPIFFE ID and the serial number
// of the certificate that they showed.
func serve(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	address := flags.String("socket", "", "address of the Workload API")
	allowed := flags.String("allow", "", "SPIFFE ID of the client")
	_ = flags.Parse(arguments)
	client, err := spiffeid.FromString(*allowed)
	if err != nil {
		return err
	}
	source, err := openSource(ctx, *address)
	if err != nil {
		return err
	}
	defer source.Close()
	go tellRotations(ctx, source)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           http.HandlerFunc(sayCaller),
		TLSConfig:         tlsconfig.MTLSServerConfig(source, source, tlsconfig.AuthorizeID(client)),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	tell(map[string]any{"event": "listening", "port": listener.Addr().(*net.TCPAddr).Port})
	if err := server.ServeTLS(listener, "", ""); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func sayCaller(response http.ResponseWriter, request *http.Request) {
	leaf := request.TLS.PeerCertificates[0]
	id, err := x509svid.IDFromCert(leaf)
	if err != nil {
		http.Error(response, "no SPIFFE ID", http.StatusForbidden)
		return
	}
	response.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(response).Encode(map[string]string{
		"caller": id.String(),
		"serial": leaf.SerialNumber.Text(16),
	})
}
