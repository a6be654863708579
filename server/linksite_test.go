package server_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/mem"
)

// registry authenticates the principals that it has at the moment: the token is the name.
type registry struct {
	mu     sync.Mutex
	groups map[string][]string
}

func (r *registry) Authenticate(ctx context.Context, credentials authn.Credentials) (authn.Identity, error) {
	if credentials.Token == "" {
		return authn.Identity{}, authn.ErrNotMine
	}
	found, err := r.Registered(ctx, credentials.Token)
	return authn.Identity{Principal: found}, err
}

func (r *registry) Registered(_ context.Context, name string) (access.Principal, error) {
	if strings.Contains(name, ":") {
		return access.Principal{}, authn.ErrNotMine
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	groups, ok := r.groups[name]
	if !ok {
		return access.Principal{}, &authn.Refusal{Text: "no such principal"}
	}
	return access.Principal{Name: name, Groups: groups, Source: "token"}, nil
}

// set replaces the groups of a principal; without any, the principal is gone.
func (r *registry) set(name string, groups []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.groups, name)
	if groups != nil {
		r.groups[name] = groups
	}
}

// foreign authenticates principals that no registry has.
type foreign struct{}

func (foreign) Authenticate(_ context.Context, credentials authn.Credentials) (authn.Identity, error) {
	if !strings.HasPrefix(credentials.Token, "oidc-") {
		return authn.Identity{}, authn.ErrNotMine
	}
	return authn.Identity{Principal: access.Principal{Name: strings.Replace(credentials.Token, "-", ":", 1), Source: "oidc"}}, nil
}

// rules is a policy that can be replaced.
type rules struct {
	mu      sync.Mutex
	current *policy.Policy
}

func (r *rules) set(t *testing.T, text string) {
	t.Helper()
	parsed, err := policy.Parse("policy", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current = parsed
}

func (r *rules) get() guard.Policy {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

func (r *rules) Allowed(caller access.Principal, action access.Action, path string) bool {
	return r.get().Allowed(caller, action, path)
}

func (r *rules) Prefixes(caller access.Principal, action access.Action) policy.Prefixes {
	return r.get().Prefixes(caller, action)
}

// linkSite is a server whose principals share files.
type linkSite struct {
	*web
	registry *registry
	rules    *rules
	store    tranship.Store
	// logged has the log and the audit log.
	logged *lockedBuffer
}

const everythingForAll = "allow * read,write,delete,list,create,share /\n"

func newLinkSite(t *testing.T, store tranship.Store, config server.Config) linkSite {
	t.Helper()
	s := linkSite{registry: &registry{groups: map[string][]string{"ann": {"staff"}, "bob": {}}}, rules: &rules{}, store: store, logged: &lockedBuffer{}}
	s.rules.set(t, everythingForAll)
	config.Policy, config.Recheck = s.rules, 20*time.Millisecond
	config.Authenticators = []authn.Authenticator{foreign{}, s.registry}
	config.Logger = slog.New(slog.NewJSONHandler(s.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	config.Audit = audit.NewLog(s.logged, nil)
	s.web = serveHTTP(t, store, config)
	return s
}

// eventually tries until there is no error.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal(err)
		}
	}
}

// stored puts a file into the store.
func (s linkSite) stored(path, content string) {
	s.t.Helper()
	if _, err := s.store.Put(s.t.Context(), tranship.Spec{Path: path}, []byte(content)); err != nil {
		s.t.Fatal(err)
	}
}

// at makes a request at a path of the server, as it is.
func (w *web) at(as, method, path string, body io.Reader, headers ...string) response {
	w.t.Helper()
	request, err := http.NewRequestWithContext(testContext(w.t), method, "http://"+w.address+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if as != "" {
		headers = append(slices.Clone(headers), "Authorization", "Bearer "+as)
	}
	return w.send(request, headers...)
}

// sharedLink is a link as the server describes it.
type sharedLink struct {
	ID, URL, Path string
	Upload        bool
	Expires       time.Time
	Uses          int
	MaxUses       int `json:"max_uses"`
}

// share makes a link.
func (s linkSite) share(as, body string) sharedLink {
	s.t.Helper()
	got := s.at(as, http.MethodPost, "/share/", strings.NewReader(body), "Content-Type", "application/json").want(s.t, "POST /share/ "+body, http.StatusCreated)
	var link sharedLink
	if err := json.Unmarshal([]byte(got.body), &link); err != nil || link.ID == "" || !strings.HasPrefix(link.URL, "/s/") {
		s.t.Fatalf("%s: %v", got.body, err)
	}
	return link
}

// gone fails unless a link cannot be used, whatever the request.
func (s linkSite) gone(why, url string) {
	s.t.Helper()
	const want = "not found: there is no such link, or it has ended\n"
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPost} {
		if got := s.at("", method, url, nil); got.status != http.StatusNotFound || got.body != want {
			s.t.Errorf("%s: %s: status %d with %q", why, method, got.status, got.body)
		}
	}
}

// newMem returns a store.
func newMem() *mem.Store { return &mem.Store{} }
