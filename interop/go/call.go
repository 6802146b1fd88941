package main

import (
	"context"
	"flag"
	"io"
	"net/http"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
)

type callReport struct {
	Event string `json:"event"`
	// Requests that were answered with 200.
	Succeeded int `json:"succeeded"`
	// What went wrong with the others.
	Failures []string `json:"failures"`
	// The body of the last answer.
	Body string `json:"body"`
	// Certificates of the server that were in use.
	PeerSerials []string `json:"peerSerials"`
}

// call sends one request, or with -continuous one after the other, each by a connection of its own,
// until standard input ends.
func call(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("call", flag.ExitOnError)
	address := flags.String("socket", "", "address of the Workload API")
	peer := flags.String("peer", "", "SPIFFE ID of the server")
	url := flags.String("url", "", "what to get")
	continuous := flags.Bool("continuous", false, "until standard input ends")
	_ = flags.Parse(arguments)
	server, err := spiffeid.FromString(*peer)
	if err != nil {
		return err
	}
	source, err := openSource(ctx, *address)
	if err != nil {
		return err
	}
	defer source.Close()
	go tellRotations(ctx, source)

	client := &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:   tlsconfig.MTLSClientConfig(source, source, tlsconfig.AuthorizeID(server)),
			DisableKeepAlives: true,
		},
	}
	report := callReport{Event: "called", Failures: []string{}}
	peers := set{}
	for done := false; !done; done = !*continuous || ctx.Err() != nil {
		body, serial, err := get(client, *url)
		if err != nil {
			report.Failures = append(report.Failures, err.Error())
			continue
		}
		report.Body = body
		report.Succeeded++
		peers.add(serial)
		if report.Succeeded == 1 {
			tell(map[string]any{"event": "started"})
		}
	}
	report.PeerSerials = peers.list()
	tell(report)
	return nil
}

type statusError string

func (e statusError) Error() string { return "status " + string(e) }

func get(client *http.Client, url string) (body, serial string, err error) {
	response, err := client.Get(url)
	if err != nil {
		return "", "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return "", "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", "", statusError(response.Status)
	}
	return string(content), response.TLS.PeerCertificates[0].SerialNumber.Text(16), nil
}

// set keeps the order in which its members came.
type set struct{ members []string }

func (s *set) add(member string) {
	for _, known := range s.members {
		if known == member {
			return
		}
	}
	s.members = append(s.members, member)
}

func (s *set) list() []string { return append([]string{}, s.members...) }
