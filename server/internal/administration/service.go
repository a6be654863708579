// Package administration is tranship.admin.v1.AdminService: it shows and ends what all principals
// do. It knows neither policies nor quotas: package server gives it what it needs, and puts
// credentials and limits around it.
package administration

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/grpcdesc"
	"github.com/tranship/tranship/internal/rpcstatus"
	adminv1 "github.com/tranship/tranship/proto/tranship/admin/v1"
	"github.com/tranship/tranship/server/internal/alive"
	"github.com/tranship/tranship/server/internal/running"
)

// page is the maximum number of items in a message.
const page = 256

// Options are what a Service shows and ends. Authorize, Uploads and Expire are required.
type Options struct {
	// Authorize returns an error if the caller of a context may not administer the server. It
	// is called before each call does anything, and before each message of a list.
	Authorize func(ctx context.Context) error
	// Uploads has the uploads of all owners.
	Uploads tranship.Uploads
	// Ended is told that an upload was removed, so that what is under way of it at this server
	// ends at once; nil means that nothing is told.
	Ended func(id string)
	// Running has the transfers that run; nil means none.
	Running *running.Registry
	// Usages yields what counts for each principal, in ascending order of names; nil means
	// nothing.
	Usages func(ctx context.Context) iter.Seq2[Usage, error]
	// Principals returns the principals that the server knows, in ascending order of names; nil
	// means none.
	Principals func() []Principal
	// Expire applies the rules that remove files and uploads, and tells report of each that it
	// removes. With dryRun it removes nothing. If report fails, Expire ends with its error.
	Expire func(ctx context.Context, dryRun bool, report func(Expired) error) error
	// Ready fails while the audit log cannot be written: then no call does anything. Nil means
	// that it always can.
	Ready func(ctx context.Context) error
	// Audit records the outcome of each call that Authorize has allowed; nil means that nothing
	// is recorded.
	Audit func(ctx context.Context, action Action, err error)
	// Logger gets a line for each call that Authorize has allowed, and internal failures. Nil
	// means that nothing is logged.
	Logger *slog.Logger
}

// Action is what an administrator has done, for the audit log. Fields that do not apply are zero.
type Action struct {
	// Name is the name of the action, such as "admin_list_uploads".
	Name string
	// Path, Upload and Owner are those of the upload that was removed, or of the transfer that
	// was cancelled; Path is also the directory of a list.
	Path, Upload, Owner string
	// Transfer is the id of a transfer.
	Transfer string
	// Entries is the number of items that were sent; -1 if the action sends none.
	Entries int
	// DryRun says that nothing was to be removed.
	DryRun bool
}

// Usage is what counts for a principal. A limit of 0 means unlimited.
type Usage struct {
	Principal                                           string
	Counted                                             bool
	Bytes, Files, ReservedBytes, ReservedFiles, Uploads int64
	MaxBytes, MaxFiles, MaxUploads                      int64
}

// Principal is a principal that has called, or that the configuration of the server names.
type Principal struct {
	access.Principal
	Configured bool
	// LastCall is when its latest call began; the zero time if it has not called.
	LastCall time.Time
	Calls    int
}

// Expired is a file, or an upload, that a rule removes.
type Expired struct {
	Path, Upload, Owner string
	Size                int64
	// Changed is when it was changed last.
	Changed time.Time
	Rule    string
	// Err is why it could not be removed.
	Err error
}

// Service is the service. It is safe for concurrent use.
type Service struct {
	adminv1.UnimplementedAdminServiceServer
	options Options
	log     *slog.Logger
}

// New returns a service.
func New(options Options) *Service {
	log := options.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{options: options, log: log}
}

// Register adds the service to a registrar.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	registrar.RegisterService(grpcdesc.Strict(&adminv1.AdminService_ServiceDesc), s)
}

// permit returns an error if the caller may not administer the server, or if the audit log could
// not have a line of it.
func (s *Service) permit(ctx context.Context) error {
	if err := s.options.Authorize(ctx); err != nil {
		return err
	}
	if s.options.Ready != nil {
		return s.options.Ready(ctx)
	}
	return nil
}

// done records the outcome of a call, and returns its status.
func (s *Service) done(ctx context.Context, action Action, err error) error {
	if s.options.Audit != nil {
		s.options.Audit(ctx, action, err)
	}
	switch {
	case rpcstatus.IsInternal(err):
		s.log.ErrorContext(ctx, "internal failure", "operation", action.Name, "error", err)
	case err != nil:
		s.log.WarnContext(ctx, "administration failed", "action", action.Name, "error", err)
	default:
		s.log.InfoContext(ctx, "administration", "action", action.Name, "path", action.Path, "upload", action.Upload, "transfer", action.Transfer)
	}
	return rpcstatus.Error(err)
}

// sendAll sends all items in messages of at most page items, which message makes. Before each
// message it checks the right of the caller. It returns the number of items that were sent.
func sendAll[Item, Response any](ctx context.Context, s *Service, items iter.Seq2[Item, error], message func([]Item) *Response, send func(*Response) error) (sent int, err error) {
	talk := alive.NewTalker(ctx, send)
	defer talk.Stop()
	batch := make([]Item, 0, page)
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := s.permit(ctx); err != nil {
			return err
		}
		err := talk.Send(message(batch))
		if err == nil {
			sent += len(batch)
		}
		batch = make([]Item, 0, page)
		return err
	}
	for item, err := range items {
		if err != nil {
			return sent, err
		}
		if batch = append(batch, item); len(batch) == page {
			if err := flush(); err != nil {
				return sent, err
			}
		}
	}
	return sent, flush()
}
