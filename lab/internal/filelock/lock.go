package filelock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Lock takes a lock that only one process, and only one holder in it, can have: flock on a file, which the kernel
// frees when the holder dies. onWait, unless nil, is called once if somebody else has the lock.
func Lock(ctx context.Context, path string, onWait func()) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := acquire(ctx, int(f.Fd()), onWait); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("take lock %q: %w", path, err)
	}
	return func() { _ = f.Close() }, nil
}

func acquire(ctx context.Context, fd int, onWait func()) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		if onWait != nil {
			onWait()
			onWait = nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
