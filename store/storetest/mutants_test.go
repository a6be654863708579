package storetest_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

// mutants are stores by what is wrong with them.
func mutants() map[string]mutant {
	return map[string]mutant{
		"ignores the precondition of a put": {"Precondition", testAll(), func(f flawed) flawed {
			f.put = func(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
				spec.Precondition = tranship.Precondition{}
				return f.Store.Put(ctx, spec, data)
			}
			return f
		}},
		"lists the other way round": {"List", testAll(), func(f flawed) flawed {
			f.list = func(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
				var all []tranship.Entry
				for entry, err := range f.Store.List(ctx, options) {
					if err != nil {
						return func(yield func(tranship.Entry, error) bool) { yield(entry, err) }
					}
					all = append(all, entry)
				}
				return func(yield func(tranship.Entry, error) bool) {
					for _, entry := range slices.Backward(all) {
						if !yield(entry, nil) {
							return
						}
					}
				}
			}
			return f
		}},
		"reads to the end, whatever the length": {"Read", testAll(), func(f flawed) flawed {
			f.open = func(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
				options.Length = nil
				return f.Store.Open(ctx, path, options)
			}
			return f
		}},
		"takes any checksum": {"Commit", testAll(), func(f flawed) flawed {
			return f.uploads(func(upload tranship.Upload) tranship.Upload { return trusting{upload} })
		}},
		"keeps the buffer of a write": {"Upload", testAll(), func(f flawed) flawed {
			return f.uploads(func(upload tranship.Upload) tranship.Upload { return lazy{upload} })
		}},
		"leaves what it moves": {"Transplant", testAll(), func(f flawed) flawed {
			f.move = f.Store.Copy
			return f
		}},
		"finds missing files": {"Absence", testAll(), func(f flawed) flawed {
			f.open = func(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
				content, err := f.Store.Open(ctx, path, options)
				if errors.Is(err, tranship.ErrNotFound) {
					err = tranship.ErrNotFound // without the path
				}
				return content, err
			}
			return f
		}},
		"leaves what it checks with": {"HealthChecker", testAll(), func(f flawed) flawed {
			f.health = func(ctx context.Context) error {
				_, err := f.Store.Put(ctx, tranship.Spec{Path: "probe"}, nil)
				return err
			}
			return f
		}},
		"dates changes by the modified time": {"ChangeDater", testAll(), func(f flawed) flawed {
			f.statChange = func(ctx context.Context, path string) (tranship.File, time.Time, error) {
				file, err := f.Store.Stat(ctx, path)
				return file, file.ModTime, err
			}
			return f
		}},
		"never resumes":           {"Resume", testAll(), startsOver},
		"never remembers":         {"Remember", testAll(), startsOver},
		"has no uploads":          {"Uploads", testAll(), startsOver},
		"tells that all is there": {"Resume", testAll(), func(f flawed) flawed { return f.uploads(newBoasting) }},

		"resumes, and declares not to": {"Without resume", testRefusing, func(f flawed) flawed {
			f.begin = f.Store.Begin
			return f
		}},
		"copies parts, and declares not to": {"Without copy part", testRefusing, func(f flawed) flawed {
			f.begin = f.Store.Begin
			return f
		}},
		"moves, and declares not to": {"Without move", testRefusing, func(f flawed) flawed {
			f.move = f.Store.Move
			return f
		}},
		"copies, and declares not to": {"Without copy", testRefusing, func(f flawed) flawed {
			f.copy = f.Store.Copy
			return f
		}},

		"takes a revision for no condition": {
			"Without revision",
			testRefusingConditions(storetest.NoRevision, func(p tranship.Precondition) bool { return p.MustMatchRevision != "" }),
			decidesAll,
		},
		"takes a source version for no condition": {
			"Without source version",
			testRefusingConditions(storetest.NoSourceVersion, func(p tranship.Precondition) bool { return p.MustMatchSourceVersion != "" }),
			decidesAll,
		},

		"fetches files of another size": {"Fetcher", testAll(), func(f flawed) flawed {
			f.fetch = func(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
				file, err := f.Stat(ctx, path)
				if err != nil {
					return tranship.File{}, nil, err
				}
				return tranship.Fetch(ctx, struct{ tranship.Store }{f.Store}, path, file.Size)
			}
			return f
		}},
		"has lost its Fetcher": {"sizes", testFetcher, func(f flawed) flawed {
			f.fetch = nil
			return f
		}},
		"has chunks with other checksums": {"Chunks", testAll(), func(f flawed) flawed {
			f.open = func(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
				content, err := f.Store.Open(ctx, path, options)
				return chunked{content}, err
			}
			return f
		}},
		"never releases chunks": {"Chunks", testAll(), func(f flawed) flawed {
			return f.uploads(func(upload tranship.Upload) tranship.Upload { return hoarding{upload} })
		}},
		"leaves out zeros that come as a number": {"Zeros", testAll(), func(f flawed) flawed {
			return f.uploads(func(upload tranship.Upload) tranship.Upload { return zeroless{upload} })
		}},
		"takes any bytes for zeros": {"Zeros", testAll(), func(f flawed) flawed {
			f.open = func(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
				content, err := f.Store.Open(ctx, path, options)
				return skipping{content}, err
			}
			return f
		}},
		"writes the first part of a run": {"PartRunner", testAll(), func(f flawed) flawed {
			return f.uploads(func(upload tranship.Upload) tranship.Upload { return stumbling{upload} })
		}},

		"has lost all when it is opened again": {"files", testDurable(storetest.TestDurable), func(f flawed) flawed {
			return newFlawed(&mem.Store{PartSize: 1000})
		}},
		"has lost all when it was killed": {"files", testDurable(storetest.TestKilled), func(f flawed) flawed {
			return newFlawed(&mem.Store{PartSize: 1000})
		}},
		"shares nothing": {"files", testShared, func(f flawed) flawed {
			return newFlawed(&mem.Store{PartSize: 1000})
		}},
		"lists only its own uploads": {"uploads are listed elsewhere", testShared, func(f flawed) flawed {
			f.listUploads = func(context.Context, string) iter.Seq2[tranship.UploadInfo, error] {
				return func(func(tranship.UploadInfo, error) bool) {}
			}
			return f
		}},
		"reads a revision and then acts": {"attributes that come back", testShared, func(f flawed) flawed {
			f.attributes = func(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (tranship.File, error) {
				file, err := f.Stat(ctx, path)
				if err != nil {
					return file, err
				}
				if want := precondition.MustMatchRevision; want != "" && want != file.Revision() {
					return tranship.File{}, tranship.ErrPrecondition
				}
				runtime.Gosched() // others read meanwhile
				return f.Store.SetAttributes(ctx, path, attributes, tranship.Precondition{})
			}
			return f
		}},
		"takes every owner for one": {"of unfinished uploads", testOwners, func(f flawed) flawed {
			begin := f.begin
			f.begin = func(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
				spec.Owner = ""
				return begin(ctx, spec)
			}
			return f
		}},
	}
}

// decidesAll refuses no precondition.
func decidesAll(f flawed) flawed {
	f.refuses = nil
	return f
}

// testDurable runs a tier of stores that are opened again; the flaw shows then.
func testDurable(tier func(*testing.T, func(*testing.T) (tranship.Store, func() tranship.Store))) func(*testing.T, func(flawed) flawed) {
	return func(t *testing.T, flaw func(flawed) flawed) {
		tier(t, func(*testing.T) (tranship.Store, func() tranship.Store) {
			store := newFlawed(&mem.Store{PartSize: 1000})
			return store, func() tranship.Store { return flaw(store) }
		})
	}
}

// testShared runs the tier of several instances, of which the second has the flaw.
func testShared(t *testing.T, flaw func(flawed) flawed) {
	storetest.TestShared(t, func(*testing.T, int) []tranship.Store {
		store := newFlawed(&mem.Store{PartSize: 1000})
		return []tranship.Store{store, flaw(store)}
	})
}

// testFetcher runs the suite of a store that claims to be a Fetcher.
func testFetcher(t *testing.T, flaw func(flawed) flawed) {
	storetest.TestFetcher(t, func(*testing.T) tranship.Store {
		store := flaw(newFlawed(&mem.Store{PartSize: 1000}))
		if store.fetch == nil {
			return struct{ tranship.Store }{store}
		}
		return store
	})
}

func testOwners(t *testing.T, flaw func(flawed) flawed) {
	storetest.TestOwners(t, func(*testing.T) tranship.Store { return flaw(newFlawed(&mem.Store{PartSize: 1000})) })
}

// trusting forgets the checksum of a commit.
type trusting struct{ tranship.Upload }

func (u trusting) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	commit.CRC32C = nil
	return u.Upload.Commit(ctx, commit)
}

// lazy writes a part when its writer is closed, from buffers that are then the caller's.
type lazy struct{ tranship.Upload }

func (u lazy) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	part, err := u.Upload.Part(ctx, n)
	return &lazyPart{PartWriter: part}, err
}

type lazyPart struct {
	tranship.PartWriter
	kept [][]byte
}

func (p *lazyPart) Write(data []byte) (int, error) {
	p.kept = append(p.kept, data)
	return len(data), nil
}

func (p *lazyPart) Close() error {
	for _, data := range p.kept {
		if _, err := p.PartWriter.Write(data); err != nil {
			return err
		}
	}
	return p.PartWriter.Close()
}

// boasting tells that its first part is durable when it is begun.
type boasting struct{ tranship.Upload }

func newBoasting(upload tranship.Upload) tranship.Upload { return boasting{upload} }

func (u boasting) Durable() []tranship.Range {
	return append([]tranship.Range{{Length: u.PartSize(), CRC32C: new(uint32)}}, u.Upload.Durable()...)
}

// chunked has chunks of which the checksum is wrong.
type chunked struct{ tranship.Content }

func (c chunked) ReadChunk() (tranship.Chunk, error) {
	data := make([]byte, 1000)
	n, err := c.Read(data)
	if n == 0 {
		return tranship.Chunk{}, err
	}
	return tranship.NewChunk([][]byte{data[:n]}, 0, nil), nil
}
