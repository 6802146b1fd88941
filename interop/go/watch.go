package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/spiffe/go-spiffe/v2/exp/svid/witsvid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

type watcher struct {
	x509     *workloadapi.X509Source
	jwt      *workloadapi.JWTSource
	wit      *workloadapi.WITSource
	audience string
}

// watch consumes a Workload API with all of go-spiffe's sources. It reports what each delivers, as
// go-spiffe has validated it, and again after each update.
func watch(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("watch", flag.ExitOnError)
	address := flags.String("socket", "", "address of the Workload API")
	audience := flags.String("audience", "", "audience of the JWT-SVIDs")
	_ = flags.Parse(arguments)
	w, err := openWatcher(ctx, *address)
	if err != nil {
		return err
	}
	w.audience = *audience
	w.report(w.x509SVID, w.jwtSVID, w.witSVID)
	for {
		select {
		case <-w.x509.Updated():
			w.report(w.x509SVID)
		case <-w.jwt.Updated():
			w.report(w.jwtSVID)
		case <-w.wit.Updated():
			w.report(w.witSVID)
		case <-ctx.Done():
			return nil
		}
	}
}

type event map[string]any

// report tells what is valid now. SVIDs and bundles come by streams of their own, so one of the two
// can be ahead of the other for a moment; the next update tells.
func (w *watcher) report(kinds ...func() (event, error)) {
	for _, kind := range kinds {
		valid, err := kind()
		if err != nil {
			valid = event{"event": "invalid", "problem": err.Error()}
		}
		tell(valid)
	}
}

func openWatcher(ctx context.Context, address string) (*watcher, error) {
	bounded, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	w := &watcher{}
	var err error
	if w.x509, err = openSource(ctx, address); err != nil {
		return nil, err
	}
	if w.jwt, err = workloadapi.NewJWTSource(bounded, clientOf(address)); err != nil {
		return nil, fmt.Errorf("no JWT source: %w", err)
	}
	if w.wit, err = workloadapi.NewWITSource(bounded, clientOf(address)); err != nil {
		return nil, fmt.Errorf("no WIT source: %w", err)
	}
	return w, nil
}

func (w *watcher) x509SVID() (event, error) {
	svid, err := w.x509.GetX509SVID()
	if err != nil {
		return nil, err
	}
	if _, _, err := x509svid.Verify(svid.Certificates, w.x509); err != nil {
		return nil, err
	}
	bundle, err := w.x509.GetX509BundleForTrustDomain(svid.ID.TrustDomain())
	if err != nil {
		return nil, err
	}
	return event{
		"event": "x509", "id": svid.ID.String(), "hint": svid.Hint, "serial": serialOf(svid),
		"authorities": len(bundle.X509Authorities()),
	}, nil
}

func (w *watcher) jwtSVID() (event, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	token, err := w.jwt.FetchJWTSVID(ctx, jwtsvid.Params{Audience: w.audience})
	if err != nil {
		return nil, err
	}
	svid, err := jwtsvid.ParseAndValidate(token.Marshal(), w.jwt, []string{w.audience})
	if err != nil {
		return nil, err
	}
	bundle, err := w.jwt.GetJWTBundleForTrustDomain(svid.ID.TrustDomain())
	if err != nil {
		return nil, err
	}
	return event{
		"event": "jwt", "id": svid.ID.String(), "authorities": len(bundle.JWTAuthorities()),
	}, nil
}

func (w *watcher) witSVID() (event, error) {
	x509, err := w.x509.GetX509SVID()
	if err != nil {
		return nil, err
	}
	held, err := w.wit.GetWITSVIDForID(x509.ID)
	if err != nil {
		return nil, err
	}
	svid, err := witsvid.ParseAndValidate(held.Marshal(), w.wit)
	if err != nil {
		return nil, err
	}
	bundle, err := w.wit.GetWITBundleForTrustDomain(svid.ID.TrustDomain())
	if err != nil {
		return nil, err
	}
	return event{
		"event": "wit", "id": svid.ID.String(), "authorities": len(bundle.WITAuthorities()),
	}, nil
}
